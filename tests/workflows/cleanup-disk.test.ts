import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { spawnSync } from "node:child_process"
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { fromBytes } from "../../src/platform/BytePath.ts"
import { Items } from "../../src/state/Items.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { cleanupDefaults, hash, later, outcomes, type Rig, withRig } from "./cleanup-rig.ts"
import { seeding } from "../fakes/memory-torrents.ts"

const run = cleanup({ dryRun: undefined })
const days = (n: number) => n * 86_400_000

const show = (rig: Rig) => {
  rig.write("Show/a.mkv")
  rig.write("Show/sub/b.mkv")
  return rig.run(rig.uploaded("Show"))
}

const staysAndIsMended = Effect.fnUntraced(function* (rig: Rig, reason: RegExp) {
  const report = yield* rig.run(run)
  assert.deepStrictEqual(outcomes(report), { Show: "kept" })
  assert.match(report.items[0]?.reason ?? "", reason)
  const item = yield* rig.run(rig.state("Show"))
  assert.strictEqual(item.state, "discovered")
  assert.match(item.reason ?? "", reason)
  assert.isFalse(rig.marked("Show"))
  assert.isTrue(rig.has("Show/a.mkv") && rig.has("Show/sub/b.mkv"))
})

describe("scenarios of the remote and the manifest", () => {
  const damage: Record<string, readonly [RegExp, (rig: Rig) => void]> = {
    missing: [/not there/, (rig) => rig.remote.files.delete("downloads/Show/sub/b.mkv")],
    truncated: [/bytes on the remote/, (rig) => rig.remote.put("downloads/Show/a.mkv", "content of Sho")],
    "of the same size but other bytes": [
      /hash/,
      (rig) => rig.remote.put("downloads/Show/a.mkv", "Content of Show/a.mkv")
    ],
    "hidden, all of it": [/not there/, (rig) => rig.remote.files.clear()]
  }
  it.live.each(Object.keys(damage))("scenario 12: marked, but %s on the remote: the marker is revoked", (name) =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        const [reason, act] = damage[name] ?? [/./, () => undefined]
        act(rig)
        yield* staysAndIsMended(rig, reason)
      })
    )
  )

  it.live(
    "scenario 13: files added after the upload send the item back to it; an unfinished upload is not looked at",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          yield* show(rig)
          rig.write("Show/new.mkv")
          yield* staysAndIsMended(rig, /changed or new \(new\.mkv\)/)
          yield* rig.run(Effect.flatMap(Items, (items) => items.update(1, { state: "uploading" })))
          assert.deepStrictEqual(outcomes(yield* rig.run(run)), {})
          assert.isTrue(rig.has("Show/new.mkv") && rig.has("Show/a.mkv"))
        })
      )
  )

  it.live(
    "scenario 14: an extracted member that is missing on the remote is mended; a failed extraction keeps the archive",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          rig.write("Show/a.mkv")
          rig.write("Show/sub/b.mkv")
          const item = yield* rig.run(rig.uploaded("Show", { extracted: { "c.mkv": "member" } }))
          yield* rig.run(Effect.flatMap(Items, (items) => items.update(item.id, { extraction: "failed" })))
          const kept = yield* rig.run(run)
          assert.match(kept.items[0]?.reason ?? "", /extraction/)
          yield* rig.run(Effect.flatMap(Items, (items) => items.update(item.id, { extraction: "done" })))
          rig.remote.files.delete("downloads/Show/c.mkv")
          yield* staysAndIsMended(rig, /c\.mkv/)
        })
      )
  )

  it.live("scenario 15: an item replaced under the same name is another one", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        rmSync(rig.path("Show/a.mkv"))
        rig.write("Show/a.mkv")
        yield* staysAndIsMended(rig, /changed or new/)
      })
    )
  )

  it.live("scenario 15: a new ctime alone means reading again: the same bytes go, others with the old mtime stay", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        chmodSync(rig.path("Show/a.mkv"), 0o600)
        rig.write("forged", "content of forged")
        yield* rig.run(rig.uploaded("forged"))
        const clock = join(rig.root, "clock")
        writeFileSync(clock, "")
        spawnSync("touch", ["-r", rig.path("forged"), clock])
        writeFileSync(rig.path("forged"), "Content of forged")
        spawnSync("touch", ["-r", clock, rig.path("forged")])
        const report = yield* rig.run(run)
        assert.strictEqual(outcomes(report)["Show"], "released")
        assert.notStrictEqual(outcomes(report)["forged"], "released")
        assert.strictEqual(readFileSync(rig.path("forged"), "utf8"), "Content of forged")
        assert.isFalse(rig.has("Show"))
      })
    )
  )
})

const names: Record<string, string> = {
  newline: "a\nb",
  quotes: `it's "so"`,
  "leading dash": "-rf",
  "percent sign": "100%25 %s",
  "trailing space": "trailing ",
  "invalid UTF-8": fromBytes(Buffer.from([0x66, 0xff, 0xfe, 0x6f])),
  NFC: "caf\u00e9",
  NFD: "cafe\u0301",
  "upper case": "CASE",
  "lower case": "case",
  "255 bytes": "é".repeat(127) + "x",
  glob: "[x]*?"
}

describe("scenarios of the disk", () => {
  it.live(
    "scenario 16: every name that a disk can hold is released, alone and as a folder, and only when asked for",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          for (const [index, name] of Object.values(names).entries()) {
            rig.write(index % 2 === 0 ? name : `${name}/${name}`)
            yield* rig.run(rig.uploaded(name))
            assert.isTrue(rig.marked(name), name)
          }
          rig.torrents.add(seeding(hash("nfc"), rig.path("caf\u00e9")))
          rig.torrents.add(seeding(hash("upper"), rig.path("CASE")))
          const done = outcomes(yield* rig.run(run))
          for (const name of Object.values(names)) {
            const claimed = name === names["NFC"] || name === names["upper case"]
            assert.strictEqual(done[name], claimed ? "kept" : "released", name)
            assert.strictEqual(rig.has(name), claimed, name)
            assert.strictEqual(rig.marked(name), claimed, name)
          }
        })
      )
  )

  it.live("scenario 17: a symlink swapped into the tree right before the act is not followed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        const outside = join(rig.root, "outside")
        rig.torrents.before = (operation, count) => {
          if (operation !== "torrents" || count !== 2 || existsSync(outside)) return
          // The very files, so that only the way to them tells.
          renameSync(rig.path("Show/sub"), outside)
          symlinkSync(outside, rig.path("Show/sub"))
        }
        yield* rig.run(run)
        assert.strictEqual(readFileSync(join(outside, "b.mkv"), "utf8"), "content of Show/sub/b.mkv")
      })
    )
  )

  it.live("scenario 18: the disk is not mounted: an empty folder, or none, is not an absence", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        rig.torrents.add(seeding(hash(1), rig.path("Show")))
        yield* rig.run(run)
        rig.torrents.held.clear()
        renameSync(rig.completed, `${rig.completed}.away`)
        const gone = yield* rig.run(run)
        assert.match(gone.stopped ?? "", /is its disk mounted/)
        assert.isTrue(gone.alarming)
        mkdirSync(rig.completed)
        const report = yield* rig.run(run)
        assert.match(report.items[0]?.reason ?? "", /is its disk mounted/)
        assert.strictEqual((yield* rig.run(rig.state("Show"))).state, "uploaded")
        rmSync(rig.completed, { recursive: true })
        renameSync(`${rig.completed}.away`, rig.completed)
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Show: "released" })
      })
    )
  )

  it.live("what a person removed is recorded as gone, with the folder that it lay in, and its marker goes", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* show(rig)
        rig.write("tv/film")
        yield* rig.run(rig.uploaded("tv/film"))
        rmSync(rig.path("tv"), { recursive: true })
        const done = outcomes(yield* rig.run(run))
        assert.strictEqual(done["film"], "released")
        assert.strictEqual((yield* rig.run(rig.state("tv/film"))).state, "released")
      })
    )
  )

  it.live("a marker whose item has gone is removed if it is ours", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        for (const name of ["ours", "theirs"]) {
          rig.write(name)
          yield* rig.run(rig.uploaded(name))
        }
        yield* rig.run(run)
        rig.mark({ path: rig.path("ours") })
        writeFileSync(rig.path("theirs.uploaded"), "")
        yield* rig.run(run)
        assert.deepStrictEqual([rig.marked("ours"), rig.marked("theirs")], [false, true])
      })
    )
  )

  it.live("what was read again need not be read once more", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const item = yield* show(rig)
        chmodSync(rig.path("Show/a.mkv"), 0o600)
        rig.torrents.before = (operation, count) => {
          if (operation === "torrents" && count === 2) rig.torrents.add(seeding(hash(1), rig.path("Show")))
        }
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Show: "kept" })
        const files = yield* rig.run(Effect.flatMap(Items, (items) => items.files(item.id)))
        const { ctimeNs } = lstatSync(rig.path("Show/a.mkv"), { bigint: true })
        assert.strictEqual(files.find(({ path }) => path === "a.mkv")?.fence.ctimeNs, ctimeNs)
      })
    )
  )

  it.live("scenario 19: a clock that jumps by years purges nothing at once, and nothing looks fresh that is not", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.cleanup = { ...cleanupDefaults, quarantineFor: Duration.days(3) }
        yield* show(rig)
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { Show: "quarantined" })
        const { quarantinePath } = yield* rig.run(rig.state("Show"))
        const waiting = () => existsSync(join(quarantinePath ?? "", "Show", "sub", "b.mkv"))
        assert.isTrue(waiting() && !rig.has("Show") && !rig.marked("Show"))
        assert.deepStrictEqual(outcomes(yield* rig.run(run).pipe(later(days(4000)))), { Show: "kept" })
        yield* rig.run(run)
        assert.deepStrictEqual(outcomes(yield* rig.run(run).pipe(later(days(-4000)))), { Show: "kept" })
        yield* rig.run(run).pipe(later(days(4)))
        assert.isTrue(waiting())
        assert.deepStrictEqual(outcomes(yield* rig.run(run).pipe(later(days(4) + 1000))), { Show: "purged" })
        assert.isFalse(existsSync(quarantinePath ?? ""))
        assert.strictEqual((yield* rig.run(rig.state("Show"))).state, "released")
      })
    )
  )

  it.live("a quarantined copy whose replica is gone is not purged", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.cleanup = { ...cleanupDefaults, quarantineFor: Duration.days(3) }
        yield* show(rig)
        yield* rig.run(run)
        rig.remote.files.delete("downloads/Show/a.mkv")
        yield* rig.run(run).pipe(later(days(4)))
        const report = yield* rig.run(run).pipe(later(days(5)))
        assert.deepStrictEqual(outcomes(report), { Show: "kept" })
        assert.match(report.items[0]?.reason ?? "", /restore/)
        const { quarantinePath } = yield* rig.run(rig.state("Show"))
        assert.isTrue(existsSync(join(quarantinePath ?? "", "Show", "a.mkv")))
      })
    )
  )
})
