import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { isRetiredItem } from "../../src/domain/deletionRetiredRemote.ts"
import { Items } from "../../src/state/Items.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { restore } from "../../src/workflows/restore.ts"
import { addTorrent, plant, retire, watchedRemote } from "./cleanup-retired-rig.ts"
import { cleanupDefaults, hash, outcomes, type Rig, withRig } from "./cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })
const place = "downloads/Film/Film.mkv"

/** A film that was retired, and whose torrent and local copy have gone since. */
const released = Effect.fnUntraced(function* (rig: Rig, mode: "keep" | "hide" | "delete") {
  rig.write("Film/Film.mkv", "the film")
  rig.write("Film/Film.nfo", "words")
  yield* rig.run(rig.uploaded("Film", { hashes: [hash(1)] }))
  yield* retire(rig, "Film (2024)", hash(1), ["completed/Film/Film.mkv"])
  watchedRemote(rig, "keep")
  assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Film: "released" })
  watchedRemote(rig, mode)
})

const stays = Effect.fnUntraced(function* (rig: Rig, why: RegExp, outcome = "kept") {
  const report = yield* rig.run(run)
  assert.deepStrictEqual(outcomes(report), { Film: outcome })
  assert.match(report.items[0]?.reason ?? "", why)
  assert.isTrue(rig.remote.files.has(place))
  assert.isFalse(isRetiredItem(yield* rig.run(rig.state("Film"))))
})

describe("our copy on the remote of a retired title", () => {
  it.live("keep: nothing of it is touched", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, "keep")
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), {})
        assert.isTrue(rig.remote.files.has(place))
      })
    )
  )

  it.live.each(["hide", "delete"] as const)("%s: after its release, once, seen to be gone, and written down", (mode) =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, mode)
        const dry = yield* rig.run(cleanup({ dryRun: true }))
        assert.deepStrictEqual(outcomes(dry), { Film: `would-${mode}` })
        assert.isTrue(rig.remote.files.has(place))
        rig.remote.calls.length = 0
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { Film: mode === "hide" ? "hidden" : "deleted" })
        assert.deepStrictEqual(
          rig.remote.calls.filter((call) => call.startsWith("remove")),
          [`remove ${place} ${mode}`, `remove downloads/Film/Film.nfo ${mode}`]
        )
        assert.strictEqual(rig.remote.files.size, 0)
        assert.strictEqual(rig.remote.hidden.size, mode === "hide" ? 2 : 0)
        const item = yield* rig.run(rig.state("Film"))
        assert.strictEqual(item.state, "released")
        assert.match(item.reason ?? "", /^retired with its title: /)
        assert.isTrue(isRetiredItem(item))
        rig.remote.calls.length = 0
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), {})
        assert.deepStrictEqual(rig.remote.calls, [])
      })
    )
  )

  it.live("an item that is still here keeps it, and in the run of its release too", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        watchedRemote(rig, "delete")
        rig.write("Film/Film.mkv", "the film")
        yield* rig.run(rig.uploaded("Film", { hashes: [hash(1)] }))
        addTorrent(rig, hash(1), "completed", ["Film/Film.mkv"], { ratio: 0 })
        yield* retire(rig, "Film (2024)", hash(1), ["completed/Film/Film.mkv"])
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Film: "kept" })
        addTorrent(rig, hash(1), "completed", ["Film/Film.mkv"])
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Film: "released" })
        assert.isTrue(rig.remote.files.has(place))
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Film: "deleted" })
        assert.isFalse(rig.remote.files.has(place))
      })
    )
  )

  it.live("a torrent of it that is in the client again keeps it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, "delete")
        plant(rig, "elsewhere/Film/Film.mkv", "the film")
        addTorrent(rig, hash(1), "elsewhere", ["Film/Film.mkv"])
        const report = yield* rig.run(run)
        assert.match(report.items[0]?.reason ?? "", /a torrent of it is still in qBittorrent/)
        assert.isTrue(rig.remote.files.has(place))
      })
    )
  )

  it.live("what lies in its place again keeps it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, "delete")
        rig.write("Film/Film.mkv", "the film, again")
        yield* stays(rig, /Film is here again/)
      })
    )
  )

  it.live("an item that holds more than was retired stays whole", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.write("Film/Film.mkv", "the film")
        rig.write("Film/Film 2.mkv", "its sequel")
        yield* rig.run(rig.uploaded("Film", { hashes: [hash(1)] }))
        yield* retire(rig, "Film (2024)", hash(1), ["completed/Film/Film.mkv"])
        yield* rig.run(run)
        watchedRemote(rig, "delete")
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), {})
        assert.deepStrictEqual([...rig.remote.files.keys()].toSorted(), ["downloads/Film/Film 2.mkv", place])
      })
    )
  )

  it.live("a remote path that another item has too stays, the rest goes", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, "delete")
        const words = (yield* rig.run(
          Effect.gen(function* () {
            const items = yield* Items
            const film = yield* rig.state("Film")
            return yield* items.files(film.id)
          })
        )).find(({ remote }) => remote.endsWith(".nfo"))
        if (words === undefined) return yield* Effect.die("no words")
        const share = Effect.gen(function* () {
          const items = yield* Items
          const path = rig.path("Other")
          const other = yield* items.add({
            path,
            kind: "file",
            category: null,
            remote: "downloads",
            hashes: [],
            now: 1
          })
          yield* items.setFiles(other.id, [{ ...words, itemId: other.id }])
          yield* items.update(other.id, { state: "released" })
        })
        yield* rig.run(share)
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Film: "deleted" })
        assert.deepStrictEqual([...rig.remote.files.keys()], ["downloads/Film/Film.nfo"])
      })
    )
  )

  it.live("what is not what we put there stays", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, "delete")
        rig.remote.put(place, "somebody's")
        yield* stays(rig, /bytes on the remote|has not our hash/)
      })
    )
  )

  it.live("what shows again after its deletion and is not ours stays, and is told", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, "delete")
        // An older version comes to light.
        rig.remote.before = (operation, path) => {
          if (operation === "stat" && path === place && !rig.remote.files.has(place)) {
            rig.remote.put(place, "older and another")
          }
        }
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { Film: "failed" })
        assert.match(report.items[0]?.reason ?? "", /an older version of it is there, which is not ours/)
        assert.isFalse(isRetiredItem(yield* rig.run(rig.state("Film"))))
      })
    )
  )

  it.live("a protected item keeps it, and so does the cap of a run", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, "delete")
        rig.cleanup = { ...cleanupDefaults, neverDelete: [rig.path("Film")] }
        yield* stays(rig, /is protected by/)
        rig.cleanup = { ...cleanupDefaults, maxDeletesPerRun: 0 }
        yield* stays(rig, /cleanup\.maxDeletesPerRun/)
      })
    )
  )

  it.live("a remote that does not answer ends the run, and nothing goes", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, "delete")
        rig.remote.failing.set("list", "transient")
        assert.strictEqual((yield* Effect.flip(rig.run(run)))._tag, "RemoteError")
        rig.remote.failing.clear()
        rig.remote.failing.set("remove", "transient")
        yield* stays(rig, /told to/, "failed")
      })
    )
  )

  it.live("restore says that it was retired, and brings it back once it is unhidden", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* released(rig, "hide")
        yield* rig.run(run)
        const refused = yield* Effect.flip(rig.run(restore(rig.path("Film"))))
        assert.match(refused.message, /it was retired with its title: hidden on the remote\. .*unhide downloads\/Film/)
        assert.isFalse(rig.has("Film/Film.mkv"))
        for (const [path, stored] of rig.remote.hidden) rig.remote.files.set(path, stored)
        assert.strictEqual((yield* rig.run(restore(rig.path("Film")))).files, 2)
        assert.strictEqual(readFileSync(rig.path("Film/Film.mkv"), "utf8"), "the film")
        const item = yield* rig.run(rig.state("Film"))
        assert.deepStrictEqual([item.state, item.reason], ["uploaded", null])
      })
    )
  )
})
