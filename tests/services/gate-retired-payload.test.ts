import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { linkSync, lstatSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { RetiredPayload, RetiredTorrent } from "../../src/domain/deletionRetiredPayload.ts"
import { known } from "../../src/domain/fact.ts"
import { entryOf } from "../../src/services/Disk/stats.ts"
import { filesBelow, plant, storageOf, withStorage } from "../workflows/cleanup-retired-rig.ts"
import { hash, type Rig, withRig } from "../workflows/cleanup-rig.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import { met, pass, refusals } from "./gate-rig.ts"

/** Two names of one inode, and the evidence that they may go. */
const payload = (rig: Rig, over: Partial<RetiredPayload> = {}): RetiredPayload => {
  withStorage(rig)
  const names = [plant(rig, "stash/seeding/Show/a.mkv"), join(rig.root, "stash/seeding/Show/b.mkv")]
  linkSync(names[0] ?? "", names[1] ?? "")
  const exported = plant(rig, "state/torrents/x.torrent")
  const { fence } = entryOf(lstatSync(names[0] ?? "", { bigint: true }))
  return {
    _tag: "RetiredPayload",
    subject: join(rig.root, "stash/seeding/Show"),
    retirements: [{ id: 1, title: "Show, season 1", endedAt: Date.now() - 1 }],
    roots: [join(rig.root, "stash/seeding")],
    torrents: [{ hash: hash(1), name: "Show", exported, removed: true }],
    files: [{ names, fence, links: 2, found: known({ fence, links: 2, names: 2 }, "disk", Date.now()) }],
    folders: [join(rig.root, "stash/seeding/Show")],
    claims: known([], "qBittorrent", Date.now()),
    conditions: [met],
    ...over
  }
}

const left = (result: Result.Result<{ readonly left: ReadonlyArray<{ readonly why: string }> }, unknown>) =>
  Result.isSuccess(result) ? result.success.left.map(({ why }) => why) : undefined

describe("the gate, for the payload of a retired title", () => {
  it.live("takes every name, and the folders that are empty then", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const result = yield* pass(rig, payload(rig))
        assert.deepStrictEqual(left(result), [])
        assert.deepStrictEqual(filesBelow(rig, "stash"), [])
        assert.isTrue(Result.isSuccess(result) && result.success.files === 2 && result.success.bytes > 0)
      })
    )
  )

  it.live("refuses a root that is not configured, and every root where storage is not", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = payload(rig)
        rig.more = {
          storage: { ...storageOf(rig), stash: { root: rig.root, seedingDirs: [join(rig.root, "pool/seeding")] } }
        }
        assert.match(refusals(yield* pass(rig, evidence)), /GateRefused.*is no seeding directory of storage/)
        rig.more = {}
        assert.match(refusals(yield* pass(rig, evidence)), /GateRefused.*is no seeding directory of storage/)
        assert.lengthOf(filesBelow(rig, "stash"), 2)
      })
    )
  )

  it.live("refuses what lies in completedDir, though a seeding directory may hold that", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = payload(rig)
        rig.more = { ...rig.more, completedDir: join(rig.root, "stash/seeding/Show") }
        assert.match(refusals(yield* pass(rig, evidence)), /GateRefused.*has its own rules/)
        assert.lengthOf(filesBelow(rig, "stash"), 2)
      })
    )
  )

  it.live("refuses where the export of a torrent is not there", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const torrents = [{ hash: hash(1), name: "Show", exported: join(rig.root, "none"), removed: true }]
        assert.match(refusals(yield* pass(rig, payload(rig, { torrents }))), /GateRefused.*exported/)
        assert.lengthOf(filesBelow(rig, "stash"), 2)
      })
    )
  )

  it.live("leaves all names of what got another one, or was written to, in the last moment", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = payload(rig)
        linkSync(join(rig.root, "stash/seeding/Show/a.mkv"), join(rig.root, "library/x.mkv"))
        assert.match(left(yield* pass(rig, evidence))?.join() ?? "", /it changed in this moment|something uses it/)
        assert.lengthOf(filesBelow(rig, "stash"), 2)
      })
    )
  )

  it.live("leaves a file that another one has replaced, and what lies behind a folder that is a link now", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const evidence = payload(rig)
        const folder = join(rig.root, "stash/seeding/Show")
        renameSync(join(folder, "b.mkv"), join(rig.root, "library/b.mkv"))
        writeFileSync(join(folder, "b.mkv"), "another")
        assert.match(
          left(yield* pass(rig, evidence))?.join() ?? "",
          /it (?:is another file now|changed in this moment)/
        )
        assert.lengthOf(filesBelow(rig, "stash"), 2)
        renameSync(folder, join(rig.root, "library/Show"))
        mkdirSync(join(rig.root, "library/Show"), { recursive: true })
        symlinkSync(join(rig.root, "library/Show"), folder)
        assert.match(left(yield* pass(rig, evidence))?.join() ?? "", /a folder above it was replaced/)
        assert.lengthOf(filesBelow(rig, "library/Show"), 2)
      })
    )
  )

  it.live("removes a torrent of it from the client by its evidence alone, and not without its export", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { files, retirements, roots, torrents } = payload(rig)
        rig.torrents.add(seeding(hash(1), join(rig.root, "stash/seeding/Show")))
        const evidence: RetiredTorrent = {
          _tag: "RetiredTorrent",
          hash: hash(1),
          exported: join(rig.root, "none"),
          retirements,
          roots,
          recorded: true,
          files,
          conditions: [met]
        }
        assert.match(refusals(yield* pass(rig, evidence)), /GateRefused.*is not there/)
        assert.isTrue(rig.torrents.held.has(hash(1)))
        const exported = torrents[0]?.exported ?? null
        assert.isTrue(Result.isSuccess(yield* pass(rig, { ...evidence, exported })))
        assert.isFalse(rig.torrents.held.has(hash(1)))
        assert.lengthOf(filesBelow(rig, "stash"), 2)
      })
    )
  )
})
