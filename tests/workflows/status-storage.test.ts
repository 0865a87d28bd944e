import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { linkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { renderStatus } from "../../src/cli/RenderStatus.ts"
import { width } from "../../src/platform/Text.ts"
import { Items } from "../../src/state/Items.ts"
import { Sagas } from "../../src/state/Sagas.ts"
import { Spool } from "../../src/state/Spool.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { render } from "../../src/workflows/metrics.ts"
import { relocate } from "../../src/workflows/relocate.ts"
import { status, type StatusReport } from "../../src/workflows/status.ts"
import { noteResidency } from "../../src/workflows/status-residency.ts"
import { day, type Rig, withRig } from "./relocate/rig.ts"

const state = Layer.mergeAll(Items.layer, Torrents.layer, Spool.layer)
const look = (rig: Rig) => rig.run(status().pipe(Effect.provide(state)))
const metrics = (rig: Rig) => rig.run(render().pipe(Effect.provide(state)))

const page = (report: StatusReport, columns = 100, colour = false) =>
  renderStatus(report, { columns, colour, now: report.at }).join("\n")

const sections = (report: StatusReport) => page(report).split("\n\n")
const section = (report: StatusReport) => sections(report).find((text) => text.startsWith("Stash and pool")) ?? ""

/** A run as the command line makes it. */
const run = (rig: Rig, dryRun = true) =>
  rig.run(Effect.tap(relocate({ dryRun, details: false }), (report) => noteResidency(report)))

const household = (rig: Rig) => {
  rig.torrent({ name: "Seed.Only.mkv", folder: "tv" })
  const pinned = rig.torrent({ name: "Pinned.mkv", folder: "tv" })
  linkSync(pinned.paths[0] ?? "", join(rig.library, "Pinned.mkv"))
  const left = rig.torrent({ name: "Left.mkv", folder: "tv" })
  linkSync(left.paths[0] ?? "", join(rig.seeds, "left.mkv"))
  rig.torrent({ name: "Pooled.mkv", folder: join(rig.pooled, "tv") })
}

describe("status of stash and pool", () => {
  it.live("says before the first run what would tell more", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const text = section(yield* look(rig))
        assert.match(text, /not known before the first media-pipeline relocate\n {2}nothing is indexed yet/)
      })
    )
  )

  it.live("says what lies where, as the last run found it, without looking at the disks", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        household(rig)
        yield* rig.index()
        yield* run(rig)
        const report = yield* look(rig)
        assert.deepStrictEqual(
          report.storage?.residency?.shares.map(({ bytes, group, side, torrents }) => [side, group, torrents, bytes]),
          [
            ["stash", "linked", 1, 50_000],
            ["stash", "moving", 1, 50_000],
            ["stash", "blocked", 1, 50_000],
            ["pool", "seeded", 1, 50_000]
          ]
        )
        const text = section(report)
        assert.match(text, /^ {2}stash +48\.8 KiB +1 torrent +linked by a library, or like what one links$/m)
        assert.match(text, /^ {9}48\.8 KiB +1 torrent +to move: media-pipeline relocate$/m)
        assert.match(text, /^ {2}pool +48\.8 KiB +1 torrent +only seeded$/m)
        assert.match(text, /^ {2}as the relocation of .* found it$/m)
        assert.match(text, /^ {2}hash cache: 6 files, 195 KiB, complete just now$/m)
        assert.match(yield* metrics(rig), /residency_bytes\{side="stash",residency="linked"\} 50000\n/)
      })
    )
  )

  it.live("sums up what waits in the quarantine, and until when; that is no problem", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        household(rig)
        yield* rig.index()
        yield* run(rig, false)
        yield* run(rig, false)
        const report = yield* look(rig)
        const { from, until, ...sums } = report.storage?.quarantine ?? { from: null, until: null }
        assert.deepStrictEqual(sums, { relocations: 1, bytes: 50_000 })
        assert.strictEqual(from, until)
        assert.closeTo((until ?? 0) - report.at, 3 * day, 60_000)
        assert.deepStrictEqual(report.problems, [])
        assert.match(section(report), /^ {2}48\.8 KiB of 1 relocation wait in the quarantine and come free: from /m)
        const text = yield* metrics(rig)
        assert.match(text, /^media_pipeline_relocations\{state="quarantined"\} 1$/m)
        assert.match(text, /^media_pipeline_relocations_held 0$/m)
        assert.match(text, /^media_pipeline_quarantine_bytes 50000$/m)
      })
    )
  )

  it.live("names what is under way, and what holds it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "漢字の名前".repeat(12), folder: "tv" })
        rig.torrent({ name: "Other.mkv", folder: "tv" })
        yield* rig.apply()
        const all = yield* rig.sagas
        yield* rig.run(
          Effect.gen(function* () {
            const sagas = yield* Sagas
            yield* sagas.move(all[0]?.id ?? 0, ["quarantined"], "live", { reason: null })
            yield* sagas.move(all[1]?.id ?? 0, ["quarantined"], "rolling-back", { reason: "a link has come" })
          })
        )
        const report = yield* look(rig)
        assert.lengthOf(report.storage?.underWay ?? [], 2)
        assert.match(section(report), /^ {2}moving +Other\.mkv +48\.8 KiB\n {4}demotion, .*just now$/m)
        assert.deepStrictEqual(
          report.problems.map(({ kind, path, reason }) => [kind, path, reason]),
          [["relocation", all[1]?.subject, "demotion, going back: a link has come"]]
        )
        assert.match(page(report), /^ {2}relocation +.*\n {4}demotion, going back: a link has come$/m)
        for (const columns of [72, 80, 100, 160]) {
          for (const line of page(report, columns, true).split("\n")) assert.isAtMost(width(line), columns, line)
        }
        assert.match(yield* metrics(rig), /^media_pipeline_relocations_held 1$/m)
      })
    )
  )

  it.live("is silent where nothing is relocated or indexed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        writeFileSync(join(rig.root, "x"), "")
        const { storage: _, ...config } = rig.config
        const alone = Object.create(rig, { config: { value: config } })
        const report: StatusReport = yield* look(alone)
        assert.isNull(report.storage)
        assert.strictEqual(section(report), "")
      })
    )
  )
})
