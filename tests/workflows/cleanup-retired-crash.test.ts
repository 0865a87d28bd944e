import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { isRetiredItem } from "../../src/domain/deletionRetiredRemote.ts"
import { Gate } from "../../src/services/Gate.ts"
import { Items } from "../../src/state/Items.ts"
import { RetiredPayloads } from "../../src/state/RetiredPayloads.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { addTorrent, filesBelow, hardlink, plant, retire, watchedRemote, withStorage } from "./cleanup-retired-rig.ts"
import { hash, type Rig, withRig } from "./cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })

class Killed extends Error {}

/** Dies right before or right after the n-th act that leaves something behind. */
const killedAt = (n: number) => {
  let count = 0
  const point = Effect.suspend(() => (count++ === n ? Effect.die(new Killed()) : Effect.void))
  const around = <A, E, R>(act: Effect.Effect<A, E, R>) => point.pipe(Effect.andThen(act), Effect.tap(point))
  const items = Layer.effect(
    Items,
    Effect.map(Items, (inner) =>
      Items.of({
        ...inner,
        update: (id, change) => around(inner.update(id, change)),
        putFiles: (all) => around(inner.putFiles(all))
      })
    )
  )
  const gate = Layer.effect(
    Gate,
    Effect.map(Gate, (inner) => Gate.of({ pass: (evidence) => around(inner.pass(evidence)) }))
  )
  const ledger = Layer.effect(
    Torrents,
    Effect.map(Torrents, (inner) =>
      Torrents.of({
        ...inner,
        setExported: (one, file) => around(inner.setExported(one, file)),
        setRemovedByUs: (one) => around(inner.setRemovedByUs(one))
      })
    )
  )
  const payloads = Layer.effect(
    RetiredPayloads,
    Effect.map(RetiredPayloads, (inner) =>
      RetiredPayloads.of({
        ...inner,
        begin: (payload) => around(inner.begin(payload)),
        note: (payload) => around(inner.note(payload)),
        end: (id, outcome, reason) => around(inner.end(id, outcome, reason))
      })
    )
  )
  return { layer: Layer.mergeAll(items, gate, ledger, payloads), reached: () => count > n }
}

/** A killed process does not write the end of its step. */
const leaveOpen = (rig: Rig) => {
  const db = new DatabaseSync(join(rig.root, "state", "state.db"))
  db.exec("UPDATE journal SET ended_at = NULL, outcome = NULL WHERE outcome = 'failed'")
  db.close()
}

const everywhere = Effect.fnUntraced(function* (
  setUp: (rig: Rig) => Effect.Effect<void>,
  check: (rig: Rig, n: number) => Effect.Effect<void>
) {
  for (let n = 0; ; n++) {
    const reached = yield* withRig(
      Effect.fnUntraced(function* (rig) {
        yield* setUp(rig)
        const killed = killedAt(n)
        yield* rig.run(Effect.exit(run.pipe(Effect.provide(killed.layer, { local: true }))))
        leaveOpen(rig)
        yield* check(rig, n)
        return killed.reached()
      })
    )
    if (!reached) return n
  }
})

const payload = Effect.fnUntraced(function* (rig: Rig) {
  withStorage(rig)
  plant(rig, "stash/seeding/tv/Andor/e1.mkv", "one")
  plant(rig, "stash/seeding/tv/Andor/e2.mkv", "number two")
  plant(rig, "stash/seeding/tv/Other/e1.mkv", "of another title")
  hardlink(rig, "stash/seeding/tv/Andor/e1.mkv", "stash/seeding/cross/Cross/first.mkv")
  addTorrent(rig, hash(1), "stash/seeding/tv", ["Andor/e1.mkv", "Andor/e2.mkv"])
  addTorrent(rig, hash(2), "stash/seeding/cross", ["Cross/first.mkv"])
  addTorrent(rig, hash(3), "stash/seeding/tv", ["Other/e1.mkv"])
  yield* retire(rig, "Andor, season 1", hash(1), ["stash/seeding/tv/Andor/e1.mkv", "stash/seeding/tv/Andor/e2.mkv"])
})

const clean = Effect.fnUntraced(function* (rig: Rig, at: string) {
  assert.deepStrictEqual(filesBelow(rig, "stash/seeding"), ["tv/Other/e1.mkv"], at)
  assert.deepStrictEqual([...rig.torrents.held.keys()], [hash(3)], at)
  for (const n of [1, 2]) assert.isTrue(existsSync(join(rig.root, "state/torrents", `${hash(n)}.torrent`)), at)
  assert.lengthOf(yield* rig.run(Effect.flatMap(RetiredPayloads, ({ open }) => open)), 0, at)
  const ledger = yield* rig.run(Effect.flatMap(Torrents, ({ all }) => all))
  for (const n of [1, 2]) assert.isTrue(ledger.find((entry) => entry.hash === hash(n))?.removedByUs, at)
})

describe("killed at every step, and run again", () => {
  it.live(
    "a retired payload: nothing but it goes, and the next run ends clean",
    () =>
      Effect.gen(function* () {
        const points = yield* everywhere(
          (rig) => Effect.orDie(payload(rig)),
          Effect.fnUntraced(function* (rig, n) {
            // As long as a torrent is there, so is all that it seeds.
            if (rig.torrents.held.has(hash(1)) || rig.torrents.held.has(hash(2))) {
              assert.lengthOf(filesBelow(rig, "stash/seeding"), 4, String(n))
            }
            yield* Effect.orDie(rig.run(run))
            yield* clean(rig, `killed at ${n}`)
          })
        )
        assert.isAbove(points, 16)
      }),
    60_000
  )

  const names = ["tv/Andor/e1.mkv", "cross/Cross/first.mkv", "tv/Andor/e2.mkv"]
  it.live.each([1, 2, 3])("killed after the unlink of %i of its names", (count) =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* payload(rig)
        const gate = Layer.effect(
          Gate,
          Effect.map(Gate, (inner) =>
            Gate.of({
              pass: (evidence) => {
                if (evidence._tag !== "RetiredPayload") return inner.pass(evidence)
                for (const name of names.slice(0, count)) rmSync(join(rig.root, "stash/seeding", name))
                return Effect.die(new Killed())
              }
            })
          )
        )
        yield* rig.run(Effect.exit(run.pipe(Effect.provide(gate, { local: true }))))
        leaveOpen(rig)
        assert.lengthOf(filesBelow(rig, "stash/seeding"), 4 - count)
        yield* rig.run(run)
        yield* clean(rig, `${count} names`)
      })
    )
  )

  it.live(
    "the copy on the remote: it is recorded as retired, and never as lost",
    () =>
      Effect.gen(function* () {
        const points = yield* everywhere(
          Effect.fnUntraced(function* (rig) {
            rig.write("Film/Film.mkv", "the film")
            yield* rig.run(rig.uploaded("Film", { hashes: [hash(1)] }))
            yield* retire(rig, "Film (2024)", hash(1), ["completed/Film/Film.mkv"])
            yield* Effect.orDie(rig.run(run))
            watchedRemote(rig, "hide")
          }),
          Effect.fnUntraced(function* (rig, n) {
            yield* Effect.orDie(rig.run(run))
            const item = yield* rig.run(rig.state("Film"))
            assert.isTrue(isRetiredItem(item), `killed at ${n}: ${item.state} ${item.reason ?? ""}`)
            assert.deepStrictEqual([...rig.remote.files.keys()], [])
            assert.deepStrictEqual([...rig.remote.hidden.keys()], ["downloads/Film/Film.mkv"])
          })
        )
        assert.isAbove(points, 4)
      }),
    60_000
  )
})
