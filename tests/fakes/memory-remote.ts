import { Effect, Layer, Option } from "effect"
import { createHash } from "node:crypto"
import { readFileSync, writeFileSync } from "node:fs"
import { toBytes } from "../../src/platform/BytePath.ts"
import {
  type HashKind,
  Remote,
  RemoteError,
  type RemoteFile,
  type RemoteInfo,
  type Transfer
} from "../../src/services/Remote.ts"

interface Stored {
  bytes: Uint8Array
  /** What the remote says of it where that is not the truth; undefined: computed from the bytes. */
  claim: string | null | undefined
}

const digest = (bytes: Uint8Array, kind: HashKind) => createHash(kind).update(bytes).digest("hex")

/** A remote that holds its bytes in memory, counts its calls and can be told to fail. */
export class MemoryRemote {
  readonly files = new Map<string, Stored>()
  /** Old versions that a hidden file leaves. */
  readonly hidden = new Map<string, Stored>()
  readonly calls: Array<string> = []
  backend = "memory"
  hash: HashKind | null = "sha1"
  claimedFrom = Infinity
  slowHash = false
  /** Fails every call whose operation is in here with this class. */
  readonly failing = new Map<string, RemoteError["class"]>()
  /** Runs before each call, for whatever a test wants to happen in between. */
  before: (operation: string, path: string) => void = () => undefined
  /** What an upload stores instead of the bytes that it read. */
  corrupt: (bytes: Uint8Array, transfer: Transfer) => Uint8Array = (bytes) => bytes

  put(path: string, content: string | Uint8Array, claim?: string | null) {
    this.files.set(path, { bytes: typeof content === "string" ? new TextEncoder().encode(content) : content, claim })
  }

  #call<A>(operation: string, path: string, act: () => A): Effect.Effect<A, RemoteError> {
    const fail = (kind: RemoteError["class"], why: string) =>
      new RemoteError({ remote: "memory:", operation, class: kind, why })
    return Effect.suspend(() => {
      this.calls.push(`${operation} ${path}`)
      this.before(operation, path)
      const failing = this.failing.get(operation)
      return failing === undefined
        ? Effect.try({ try: act, catch: (cause) => fail("permanent", String(cause)) })
        : Effect.fail(fail(failing, "told to"))
    })
  }

  #stored(path: string): Stored {
    const stored = this.files.get(path)
    if (stored === undefined) throw new Error(`${path} is not there`)
    return stored
  }

  #seen(path: string, { bytes, claim }: Stored): RemoteFile {
    const hash = this.hash === null ? null : claim === undefined ? digest(bytes, this.hash) : claim
    return { path, size: bytes.length, hash }
  }

  get layer(): Layer.Layer<Remote> {
    return Layer.succeed(
      Remote,
      Remote.of({
        warm: Effect.void,
        info: Effect.suspend(() =>
          this.#call<RemoteInfo>("info", "", () => ({
            rclone: "memory",
            backend: this.backend,
            hash: this.hash,
            claimedFrom: this.claimedFrom,
            slowHash: this.slowHash
          }))
        ),
        list: (prefix) =>
          this.#call("list", prefix, () =>
            [...this.files]
              .filter(([path]) => prefix === "" || path.startsWith(`${prefix}/`))
              .map(([path, stored]) => this.#seen(path, stored))
          ),
        stat: (path) =>
          this.#call("stat", path, () => {
            const stored = this.files.get(path)
            return stored === undefined ? Option.none() : Option.some(this.#seen(path, stored))
          }),
        upload: (transfer) =>
          this.#call("upload", transfer.path, () => {
            this.put(transfer.path, this.corrupt(readFileSync(toBytes(transfer.source)), transfer))
          }),
        read: (path, offset, length) =>
          this.#call("read", path, () => this.#stored(path).bytes.subarray(offset, offset + length)),
        readBack: (path, kind) => this.#call("readBack", path, () => digest(this.#stored(path).bytes, kind)),
        download: (path, to) =>
          this.#call("download", path, () => writeFileSync(toBytes(to), this.#stored(path).bytes, { flag: "wx" })),
        progress: Effect.succeed(new Map()),
        remove: (path, mode) =>
          this.#call("remove", `${path} ${mode}`, () => {
            const stored = this.files.get(path)
            if (stored !== undefined && mode === "hide") this.hidden.set(path, stored)
            this.files.delete(path)
          }),
        cancelUnfinished: (paths) => this.#call("cancelUnfinished", paths.join(" "), () => 0)
      })
    )
  }
}
