import { Data, Effect, type Semaphore } from "effect"
import * as Fence from "../../domain/fence.ts"
import { type FileState, hashIn, hostPath, type Item, type ItemFile } from "../../domain/items.ts"
import { display, join } from "../../platform/BytePath.ts"
import { Disk, type Entry } from "../../services/Disk.ts"
import {
  type HashKind,
  Remote,
  type RemoteError,
  type RemoteFile,
  type RemoteSetupError
} from "../../services/Remote.ts"

/** Other content is on the remote under this name, and it is not ours to overwrite. */
export class NameTaken extends Data.TaggedError("NameTaken")<{
  readonly remote: string
  readonly owner: string | null
}> {
  override get message() {
    return `the remote already holds other content at ${this.remote}${this.owner === null ? "" : ` (uploaded from ${display(this.owner)})`}: rename this item, or move what is there`
  }
}

/** The file was written to while it was on its way. */
export class Unsteady extends Data.TaggedError("Unsteady")<{ readonly path: string; readonly why: string }> {
  override get message() {
    return `${display(this.path)} ${this.why}; it will be uploaded once it is at rest`
  }
}

export type SendError = NameTaken | Unsteady | RemoteError | RemoteSetupError

/** A file whose bytes are known and, as far as the uploader says, on the remote. Proof comes after the listing. */
export interface Sent {
  readonly file: ItemFile
  /** It was written to, or linked, while it was sent: what arrived may mix two states, so all of it is read back. */
  readonly suspect: boolean
  /** It lay there before any try of ours: who sent it, and in how many parts, nobody knows. */
  readonly found: boolean
}

/** Set as the proof of a file whose copy on the remote was read back and found wrong. */
export const refuted = "refuted"

/**
 * Set as the proof of a file that was touched while a try of ours was under way, this one or an earlier one: what arrived
 * may mix two states under a claim that is right, so nothing less than reading all of it back proves it.
 */
export const suspected = "suspected"

/** Absolute host path of a file of an item, its extracted members included. */
export const sourceOf = (item: Item, file: ItemFile, extracted: string | null): string =>
  file.origin === "extracted" ? join(extracted ?? "", file.path) : hostPath(item, file)

/** Reads the whole file; somebody linking it meanwhile only moves ctime and costs another read. */
const hashSteadily = (path: string, also: HashKind | null) =>
  Effect.flatMap(Disk, (disk) => disk.hash(path, also)).pipe(
    Effect.retry({ times: 2, while: (error) => error.class === "changed" }),
    Effect.mapError((error) => new Unsteady({ path, why: error.message.slice(error.message.indexOf(": ") + 2) }))
  )

/** A new hardlink moves ctime and leaves the bytes alone; a ctime that moved without one may hide a write. */
const isSuspect = (before: Entry, after: Entry): boolean =>
  Fence.compare(before.fence, after.fence) === "relinked" && before.links === after.links

export interface Sending {
  readonly item: Item
  readonly file: ItemFile
  readonly source: string
  readonly kind: HashKind | null
  /** What the listing before the upload shows under its name. */
  readonly there: RemoteFile | undefined
  /** Which other item put it there, as far as we know. */
  readonly owner: string | null
  /** Reading many files at once is slower than a few, and costs memory. */
  readonly reading: Semaphore.Semaphore
}

/**
 * Brings one file to the remote: reads it while it is sent, or first when something is there already under its name.
 * The fences of the beginning, of the reading and of the end must be one: then what was sent is what was read.
 */
export const send = Effect.fnUntraced(function* ({ file, item, kind, owner, reading, source, there }: Sending) {
  const disk = yield* Disk
  const remote = yield* Remote
  const stat = Effect.flatMap(disk.stat(source), (fact) =>
    fact._tag === "Known"
      ? Effect.succeed(fact.value)
      : Effect.fail(new Unsteady({ path: source, why: "is not there any more" }))
  )
  const begin = yield* stat
  const since = Fence.compare(file.fence, begin.fence)
  if (since === "changed") return yield* new Unsteady({ path: source, why: "has changed since it was found" })
  const hash = reading.withPermit(hashSteadily(source, kind === "sha1" ? null : kind))
  const transfer = remote.upload({ source, path: file.remote, size: file.size, group: String(item.id) })
  const read =
    there === undefined
      ? (yield* Effect.all([hash, transfer], { concurrency: 2 }))[0]
      : file.sha1 !== null && since === "same"
        ? { sha1: file.sha1, hash: file.hash, fence: file.fence }
        : yield* hash
  const mine = file.state !== "pending"
  const sent = (suspect: boolean, state: FileState): Sent => ({
    file: {
      ...file,
      sha1: read.sha1,
      hash: read.hash,
      fence: read.fence,
      state,
      proof: suspect ? suspected : null,
      verifiedAt: null
    },
    suspect,
    found: there !== undefined && !mine
  })
  if (there !== undefined) {
    const equal = there.size === file.size && (there.hash === null || there.hash === hashIn(read, kind))
    // Where an earlier try of ours lies there and something touched the file since, its claim is not enough. What
    // somebody else put there stays theirs until it is proven to be the same.
    // A size alone says nothing of a file that was written since: it may be the older version that lies there.
    const blind = there.hash === null && file.sha1 === null
    const doubted = since !== "same" || file.proof === suspected || blind
    if (equal && file.proof !== refuted) return sent(mine && doubted, file.state)
    // Another item may be gone from the disk by now, and rely on what is there.
    if (!mine || owner !== null) return yield* new NameTaken({ remote: file.remote, owner })
    yield* transfer
  }
  const end = yield* stat
  if (Fence.compare(begin.fence, read.fence) === "changed" || Fence.compare(read.fence, end.fence) === "changed") {
    return yield* new Unsteady({ path: source, why: "was written to while it was sent" })
  }
  return sent(isSuspect(begin, end), "sent")
})
