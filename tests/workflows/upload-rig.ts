import { assert } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { createHash, randomBytes } from "node:crypto"
import { lstatSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { hostPath, type Item, type ItemFile, markerOf } from "../../src/domain/items.ts"
import { digestOf } from "../../src/domain/manifest.ts"
import * as Marker from "../../src/domain/marker.ts"
import type { UploadReport } from "../../src/domain/reports.ts"
import { toBytes } from "../../src/platform/BytePath.ts"
import { Items } from "../../src/state/Items.ts"
import { upload } from "../../src/workflows/upload.ts"
import { B2Emulator } from "../fakes/b2/emulator.ts"
import { World, type WorldOptions } from "./world.ts"

export const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex")

/** What rclone sends in parts is at least this large, where `small` is asked for. */
export const cutoff = 5 * 1024 * 1024
/** Incompressible, and large enough to go in parts. */
export const film = (size = 12_000_000) => randomBytes(size)

/** Which state every item and every file of it is in, as the database has it. */
export const known = (world: World) =>
  world.run(
    Effect.gen(function* () {
      const items = yield* Items
      const all = yield* items.all
      return yield* Effect.forEach(all, (item) => Effect.map(items.files(item.id), (files) => ({ item, files })))
    })
  )

const contentAt = (path: string) => {
  try {
    return lstatSync(toBytes(path)).isFile() ? readFileSync(toBytes(path)) : undefined
  } catch {
    return undefined
  }
}

const checkMarker = (item: Item, files: ReadonlyArray<ItemFile>) => {
  const text = contentAt(markerOf(item))?.toString("utf8")
  if (text === undefined) return
  const marker = Marker.parse(text)
  assert.strictEqual(item.state, "uploaded", `${item.path} is marked and ${item.state}`)
  assert.strictEqual(marker?.digest, digestOf(files), `${item.path} carries the sign of other content`)
}

/**
 * What must hold after every run, however it ended: what is called uploaded lies on the remote with the bytes that were
 * hashed, which are those of the disk; nothing else carries a sign.
 */
export const checkProven = async (world: World, remoteSha1: (remote: string) => Promise<string | undefined>) => {
  for (const { files, item } of await known(world)) {
    checkMarker(item, files)
    if (item.state !== "uploaded") continue
    assert.isAbove(files.length, 0)
    for (const file of files) {
      assert.strictEqual(file.state, "verified", file.remote)
      assert.isNotNull(file.proof, file.remote)
      assert.strictEqual(await remoteSha1(file.remote), file.sha1, `${file.remote} is not what was hashed`)
      const here = file.origin === "original" ? contentAt(hostPath(item, file)) : undefined
      if (here !== undefined) assert.strictEqual(sha1(here), file.sha1, `${file.path} is not what was uploaded`)
    }
  }
}

export const outcomes = (report: UploadReport) =>
  Object.fromEntries(report.items.map((item) => [item.path.slice(item.path.lastIndexOf("/") + 1), item.outcome]))

export const reasons = (report: UploadReport) => report.items.map((item) => item.reason ?? "").join(" | ")

/** B2 stores the standard form's pictures; only a backslash differs. */
const b2Name = (remote: string) => remote.replaceAll("\\", "＼")

/** A world whose remote is the emulator of B2. `small`: files of 5 MiB and more go in parts, as large ones do. */
export class B2World extends World {
  readonly b2: B2Emulator

  constructor(b2: B2Emulator, options: WorldOptions & { readonly small?: boolean } = {}) {
    const parts = options.small === true ? { chunk_size: "5M", upload_cutoff: "5M" } : undefined
    super({ remote: b2.remote("", parts ?? {}), ...(parts === undefined ? {} : { cutoff }), ...options })
    this.b2 = b2
  }

  static async start(options: WorldOptions & { readonly small?: boolean } = {}) {
    return new B2World(await B2Emulator.start(), options)
  }

  names() {
    return this.b2.files().map((file) => file.name)
  }

  async checkProven() {
    await checkProven(this, async (remote) =>
      this.b2.file(b2Name(remote)) === undefined ? undefined : await this.b2.sha1Of(b2Name(remote))
    )
  }

  /** Everything is proven, and another run finds nothing to do. */
  async checkSettled(items: number) {
    await this.checkProven()
    const again = await this.upload()
    assert.deepStrictEqual([again.items.length, again.unchanged, again.stopped], [0, items, null], reasons(again))
  }

  async [Symbol.asyncDispose]() {
    await this.b2.stop()
    this[Symbol.dispose]()
  }
}

/** rclone's pictures of control characters are those characters again where a folder can hold them. */
export const localName = (remote: string) =>
  remote.replace(/[\u2400-\u241f\u2421]/g, (picture) =>
    String.fromCharCode(picture === "\u2421" ? 0x7f : picture.charCodeAt(0) - 0x2400)
  )

/** The same for a world whose remote is a folder. */
export const checkFolder = (world: World) =>
  checkProven(world, async (remote) => {
    const content = contentAt(join(world.remoteDir, localName(remote)))
    return content === undefined ? undefined : sha1(content)
  })

/** The upload at another time of day: `shift` milliseconds from now. */
export const uploadAt = (world: World, shift: number) => {
  const now = () => Date.now() + shift
  return world.run(
    Effect.flatMap(Clock.Clock, (clock) =>
      Effect.provideService(upload([]), Clock.Clock, {
        currentTimeMillisUnsafe: now,
        currentTimeMillis: Effect.sync(now),
        currentTimeNanosUnsafe: () => BigInt(now()) * 1_000_000n,
        currentTimeNanos: Effect.sync(() => BigInt(now()) * 1_000_000n),
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: clock.monotonicTimeNanos,
        sleep: (duration) => clock.sleep(duration)
      })
    )
  )
}

/** Everything below a folder that is not a directory. */
export const tree = (folder: string): ReadonlyArray<string> =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted()
