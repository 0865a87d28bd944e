import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Layer } from "effect"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { AppConfig } from "../../src/config/AppConfig.ts"
import { Gate } from "../../src/services/Gate.ts"
import { Items } from "../../src/state/Items.ts"
import { Journal } from "../../src/state/Journal.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { restore } from "../../src/workflows/restore.ts"
import { seeding, wanted } from "../fakes/memory-torrents.ts"
import { cleanupDefaults, hash, outcomes, type Rig, withRig } from "./cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })

class Killed extends Error {}

/** Dies right before or right after the n-th act that leaves something behind: a database write, a deletion. */
const killedAt = (rig: Rig, n: number) => {
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
  return { layer: Layer.mergeAll(items, gate, ledger), reached: () => count > n, rig }
}

const bytesBelow = (folder: string): Map<string, string> => {
  const all = new Map<string, string>()
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, name)
    if (statSync(path).isFile()) all.set(createHash("sha1").update(readFileSync(path)).digest("hex"), path)
  }
  return all
}

/** Every original byte is on the disk or on the remote, and nothing is marked that is not. */
const invariant = (rig: Rig, contents: ReadonlyArray<string>) => {
  const sha1 = (bytes: string | Uint8Array) => createHash("sha1").update(bytes).digest("hex")
  const here = bytesBelow(rig.completed)
  const there = new Set([...rig.remote.files.values()].map(({ bytes }) => sha1(bytes)))
  for (const content of contents) assert.isTrue(here.has(sha1(content)) || there.has(sha1(content)), content)
}

const contents = ["content of Show/a.mkv", "content of Show/sub/b.mkv", "content of Film.mkv"]
const prepare = Effect.fnUntraced(function* (rig: Rig) {
  for (const name of ["Show/a.mkv", "Show/sub/b.mkv", "Film.mkv"]) rig.write(name)
  yield* rig.run(rig.uploaded("Show", { hashes: [hash(1)] }))
  yield* rig.run(rig.uploaded("Film.mkv"))
})

/** A killed process does not write the end of its step; one that dies of a bug does. */
const leaveOpen = (rig: Rig) => {
  const db = new DatabaseSync(join(rig.root, "state", "state.db"))
  db.exec("UPDATE journal SET ended_at = NULL, outcome = NULL WHERE outcome = 'failed'")
  db.close()
}

const kill = (rig: Rig, n: number, work: Effect.Effect<unknown, unknown, Layer.Success<Rig["layer"]>>) => {
  const killed = killedAt(rig, n)
  return rig
    .run(Effect.exit(work.pipe(Effect.provide(killed.layer, { local: true }))))
    .pipe(Effect.map(() => killed.reached()))
}

/** Kills the work at every point in turn, each time on a fresh machine, until it gets through. */
const everywhere = Effect.fnUntraced(function* (
  setUp: (rig: Rig) => Effect.Effect<void>,
  work: Effect.Effect<unknown, unknown, Layer.Success<Rig["layer"]>>,
  check: (rig: Rig, n: number) => Effect.Effect<void>
) {
  for (let turn = 0; ; turn++) {
    const n = Math.floor(turn / 2)
    const reached = yield* withRig(
      Effect.fnUntraced(function* (rig) {
        yield* setUp(rig)
        const died = yield* kill(rig, n, work)
        if (turn % 2 === 0) leaveOpen(rig)
        invariant(rig, contents)
        yield* check(rig, n)
        invariant(rig, contents)
        return died
      })
    )
    if (!reached) return n
  }
})

describe("scenario 20: killed between any two steps, and run again", () => {
  it.live("scenario 20: a release converges", () =>
    Effect.gen(function* () {
      const points = yield* everywhere(
        (rig) => Effect.orDie(prepare(rig)),
        run,
        Effect.fnUntraced(function* (rig, n) {
          yield* Effect.orDie(rig.run(run))
          assert.deepStrictEqual(readdirSync(rig.completed), [], `after ${n}`)
          for (const name of ["Show", "Film.mkv"]) {
            assert.strictEqual((yield* rig.run(rig.state(name))).state, "released", `${name} after ${n}`)
          }
          assert.deepStrictEqual((yield* Effect.orDie(rig.run(run))).items, [])
          assert.deepStrictEqual(yield* rig.run(Effect.flatMap(Journal, (journal) => journal.open())), [])
        })
      )
      assert.isAbove(points, 10)
    })
  )

  it.live("scenario 20: a quarantine converges, and gives everything back", () =>
    Effect.gen(function* () {
      const points = yield* everywhere(
        (rig) => {
          rig.cleanup = { ...cleanupDefaults, quarantineFor: Duration.days(3) }
          return Effect.orDie(prepare(rig))
        },
        run,
        Effect.fnUntraced(function* (rig, n) {
          yield* Effect.orDie(rig.run(run))
          assert.deepStrictEqual(readdirSync(rig.completed), [".media-pipeline-quarantine"], `after ${n}`)
          rig.remote.files.clear()
          invariant(rig, contents)
          for (const name of ["Show", "Film.mkv"]) {
            assert.strictEqual((yield* rig.run(rig.state(name))).state, "quarantined", `${name} after ${n}`)
            assert.strictEqual((yield* Effect.orDie(rig.run(restore(name)))).from, "quarantine")
          }
          assert.isTrue(rig.has("Show/sub/b.mkv") && rig.has("Film.mkv"))
        })
      )
      assert.isAbove(points, 10)
    })
  )

  it.live("scenario 20: a managed removal converges: the torrent is gone, its .torrent and nothing else is left", () =>
    Effect.gen(function* () {
      const points = yield* everywhere(
        (rig) => {
          rig.cleanup = { ...cleanupDefaults, mode: "managed" }
          rig.torrents.add(seeding(hash(1), rig.path("Show")), wanted("Show/a.mkv", "Show/sub/b.mkv"))
          return Effect.orDie(prepare(rig))
        },
        run,
        Effect.fnUntraced(function* (rig, n) {
          yield* Effect.orDie(rig.run(run))
          assert.strictEqual(rig.torrents.held.size, 0, `after ${n}`)
          assert.deepStrictEqual(readdirSync(rig.completed), [], `after ${n}`)
          assert.strictEqual((yield* rig.run(rig.state("Show"))).state, "released")
          const [entry] = yield* rig.run(Effect.flatMap(Torrents, (ledger) => ledger.all))
          assert.isTrue(entry?.removedByUs, `after ${n}`)
          assert.strictEqual(entry?.exported, join(rig.root, "state", "torrents", `${hash(1)}.torrent`))
        })
      )
      assert.isAbove(points, 14)
    })
  )

  it.live("scenario 20: a restore converges", () =>
    Effect.gen(function* () {
      const points = yield* everywhere(
        (rig) => Effect.orDie(Effect.andThen(prepare(rig), rig.run(run))),
        Effect.all([restore("Show"), restore("Film.mkv")]),
        Effect.fnUntraced(function* (rig, n) {
          yield* Effect.orDie(rig.run(Effect.all([restore("Show"), restore("Film.mkv")])))
          assert.deepStrictEqual(readdirSync(rig.completed).toSorted(), ["Film.mkv", "Show"], `after ${n}`)
          assert.deepStrictEqual(readdirSync(rig.path("Show")).toSorted(), ["a.mkv", "sub"])
          assert.strictEqual((yield* rig.run(rig.state("Show"))).state, "uploaded")
        })
      )
      assert.isAbove(points, 6)
    })
  )

  it.live("scenario 20: a full disk stops the export of a .torrent, and so the torrent and its data stay", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.cleanup = { ...cleanupDefaults, mode: "managed" }
        rig.torrents.add(seeding(hash(1), rig.path("Show")), wanted("Show/a.mkv", "Show/sub/b.mkv"))
        yield* prepare(rig)
        const full = Layer.effect(
          AppConfig,
          Effect.map(AppConfig, (config) => ({ ...config, stateDir: "/dev/full" }))
        )
        const report = yield* rig.run(run.pipe(Effect.provide(full)))
        assert.deepStrictEqual(outcomes(report), { Show: "kept", "Film.mkv": "released" })
        assert.strictEqual(report.torrents[0]?.outcome, "failed")
        assert.match(report.torrents[0]?.reason ?? "", /\.torrent .*could not be exported/)
        assert.isTrue(rig.torrents.held.has(hash(1)) && rig.has("Show/a.mkv"))
      })
    )
  )
})
