import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { RetiredPayloads } from "../../src/state/RetiredPayloads.ts"
import { Sagas } from "../../src/state/Sagas.ts"
import { cleanup } from "../../src/workflows/cleanup.ts"
import { addTorrent, filesBelow, hardlink, plant, retire, withStorage } from "./cleanup-retired-rig.ts"
import { cleanupDefaults, hash, outcomes, type Rig, withRig } from "./cleanup-rig.ts"

const run = cleanup({ dryRun: undefined })
const seeding = "stash/seeding/tv"
const name = "Andor.S01"

/** A retired season in a seeding directory, with a cross-seed of it under another name. */
const payload = Effect.fnUntraced(function* (rig: Rig) {
  withStorage(rig)
  plant(rig, `${seeding}/${name}/e1.mkv`, "one")
  plant(rig, `${seeding}/${name}/e2.mkv`, "number two")
  plant(rig, `${seeding}/${name}/words.nfo`, "words")
  plant(rig, `${seeding}/Other/e1.mkv`, "of another title")
  hardlink(rig, `${seeding}/${name}/e1.mkv`, "stash/seeding/cross/Andor/first.mkv")
  hardlink(rig, `${seeding}/${name}/e2.mkv`, "stash/seeding/cross/Andor/second.mkv")
  addTorrent(rig, hash(1), seeding, [`${name}/e1.mkv`, `${name}/e2.mkv`, `${name}/words.nfo`])
  addTorrent(rig, hash(2), "stash/seeding/cross", ["Andor/first.mkv", "Andor/second.mkv"])
  addTorrent(rig, hash(3), seeding, ["Other/e1.mkv"])
})
const retired = (rig: Rig) =>
  retire(rig, "Andor, season 1", hash(1), [`${seeding}/${name}/e1.mkv`, `${seeding}/${name}/e2.mkv`])

const everything = [
  "cross/Andor/first.mkv",
  "cross/Andor/second.mkv",
  "tv/Andor.S01/e1.mkv",
  "tv/Andor.S01/e2.mkv",
  "tv/Andor.S01/words.nfo",
  "tv/Other/e1.mkv"
]

const untouched = (rig: Rig, files: ReadonlyArray<string> = everything) => {
  assert.deepStrictEqual(filesBelow(rig, "stash/seeding"), files.toSorted())
  assert.isTrue(rig.torrents.held.has(hash(1)) && rig.torrents.held.has(hash(2)))
}

describe("the payload of a retired title outside of completedDir", () => {
  it.live("goes with all names and cross-seeds, the exported torrents kept, and nothing of another title", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* payload(rig)
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), {})
        untouched(rig)
        yield* retired(rig)
        const dry = yield* rig.run(cleanup({ dryRun: true }))
        assert.deepStrictEqual(outcomes(dry), { [name]: "would-release" })
        assert.lengthOf(
          dry.torrents.filter(({ outcome }) => outcome === "would-remove"),
          2
        )
        untouched(rig)
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), { [name]: "released" })
        assert.deepStrictEqual(
          report.torrents.map(({ outcome }) => outcome),
          ["removed", "removed"]
        )
        assert.deepStrictEqual(filesBelow(rig, "stash/seeding"), ["tv/Other/e1.mkv"])
        assert.isFalse(existsSync(join(rig.root, seeding, name)))
        assert.isTrue(existsSync(join(rig.root, "stash/seeding/cross")), "a save path stays")
        assert.deepStrictEqual([...rig.torrents.held.keys()], [hash(3)])
        for (const n of [1, 2]) assert.isTrue(existsSync(join(rig.root, "state/torrents", `${hash(n)}.torrent`)))
        assert.strictEqual(report.freedBytes, "one".length + "number two".length + "words".length)
        assert.lengthOf(yield* rig.run(Effect.flatMap(RetiredPayloads, (all) => all.open)), 0)
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), {})
      })
    )
  )

  const keeps = (
    title: string,
    why: RegExp,
    arrange: (rig: Rig) => Effect.Effect<void> | void,
    files: ReadonlyArray<string> = everything
  ) =>
    it.live(`stays: ${title}`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          yield* payload(rig)
          yield* retired(rig)
          yield* arrange(rig) ?? Effect.void
          const report = yield* rig.run(run)
          assert.deepStrictEqual(Object.values(outcomes(report)), ["kept"])
          assert.match(report.items[0]?.reason ?? "", why)
          untouched(rig, files)
        })
      )
    )

  keeps("a library links a file of it", /a library still links it: (?:e1|first)\.mkv has 3 names/, (rig) =>
    hardlink(rig, `${seeding}/${name}/e1.mkv`, "library/S01E01.mkv")
  )
  keeps("even its words are linked", /a library still links it: words\.nfo has 2 names/, (rig) =>
    hardlink(rig, `${seeding}/${name}/words.nfo`, "library/words.nfo")
  )
  keeps("a cross-seed of it owes its tracker", /ratio of Andor .* is 0\.5 and must be 1/, (rig) =>
    addTorrent(rig, hash(2), "stash/seeding/cross", ["Andor/first.mkv", "Andor/second.mkv"], { ratio: 0.5 })
  )
  keeps("a cross-seed of it is being checked", /state of Andor .* is checkingUP/, (rig) =>
    addTorrent(rig, hash(2), "stash/seeding/cross", ["Andor/first.mkv", "Andor/second.mkv"], { state: "checkingUP" })
  )
  keeps("a path of it is protected", /is protected by .*second\.mkv/, (rig) => {
    rig.cleanup = { ...cleanupDefaults, neverDelete: [join(rig.root, "stash/seeding/cross/Andor/second.mkv")] }
  })
  keeps(
    "a torrent has more of it than was retired",
    /e3\.mkv of the same torrent is none of the files/,
    (rig) => {
      plant(rig, `${seeding}/${name}/e3.mkv`, "of season two, say")
      addTorrent(
        rig,
        hash(1),
        seeding,
        ["e1.mkv", "e2.mkv", "words.nfo", "e3.mkv"].map((file) => `${name}/${file}`)
      )
    },
    [...everything, "tv/Andor.S01/e3.mkv"]
  )
  keeps(
    "a file of it is a link to somewhere else",
    /words\.nfo cannot be read: it is a symlink/,
    (rig) => {
      const path = join(rig.root, seeding, name, "words.nfo")
      renameSync(path, join(rig.root, "words"))
      symlinkSync(join(rig.root, "words"), path)
    },
    everything.filter((file) => !file.endsWith(".nfo"))
  )
  keeps("a sibling lies outside of the seeding directories", /lies in no seeding directory/, (rig) => {
    mkdirSync(join(rig.root, "elsewhere/Andor"), { recursive: true })
    linkSync(join(rig.root, seeding, name, "e1.mkv"), join(rig.root, "elsewhere/Andor/x.mkv"))
    addTorrent(rig, hash(4), "elsewhere", ["Andor/x.mkv"])
  })
  keeps("this run has its items", /cleanup\.maxDeletesPerRun/, (rig) => {
    rig.cleanup = { ...cleanupDefaults, maxDeletesPerRun: 0 }
  })
  keeps("its relocation is under way", /the demotion of Andor is under way/, (rig) =>
    rig
      .run(
        Effect.flatMap(Sagas, (sagas) =>
          sagas.begin({
            kind: "demotion",
            subject: "Andor",
            fromFsid: "stash",
            toFsid: "pool",
            promisedBytes: 0,
            plan: {
              torrents: [
                {
                  hash: hash(2),
                  name: "Andor",
                  savePath: "/x",
                  folder: "/x",
                  target: "/y",
                  category: "",
                  autoManaged: false,
                  downloadPath: null,
                  ran: true,
                  forced: false,
                  files: [],
                  metainfo: new Uint8Array(),
                  repointed: false
                }
              ],
              blobs: [],
              entries: []
            }
          })
        )
      )
      .pipe(Effect.asVoid)
  )

  it.live("without storage only its torrent is named, and kept", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* payload(rig)
        yield* retired(rig)
        rig.more = {}
        const report = yield* rig.run(run)
        assert.deepStrictEqual(outcomes(report), {})
        assert.match(report.torrents[0]?.reason ?? "", /storage is not configured/)
        untouched(rig)
      })
    )
  )

  it.live("a library that links it after its torrents have gone keeps it, until that link goes", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* payload(rig)
        yield* retired(rig)
        rig.torrents.before = (operation) => {
          if (operation === "remove" && !existsSync(join(rig.root, "library/late.mkv"))) {
            hardlink(rig, `${seeding}/${name}/e1.mkv`, "library/late.mkv")
          }
        }
        const report = yield* rig.run(run)
        assert.notInclude(Object.values(outcomes(report)), "released")
        assert.deepStrictEqual(filesBelow(rig, "stash/seeding"), everything)
        rmSync(join(rig.root, "library/late.mkv"))
        rig.torrents.before = () => undefined
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { [name]: "released" })
        assert.deepStrictEqual(filesBelow(rig, "stash/seeding"), ["tv/Other/e1.mkv"])
      })
    )
  )

  it.live("a file that was written to after its torrents had gone stays, all names of it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* payload(rig)
        yield* retired(rig)
        rig.torrents.before = (operation, count) => {
          if (operation === "remove" && count === 2) {
            writeFileSync(join(rig.root, seeding, name, "e2.mkv"), "its owner's")
            utimesSync(join(rig.root, seeding, name, "e2.mkv"), 1, 1)
          }
        }
        const report = yield* rig.run(run)
        assert.notInclude(Object.values(outcomes(report)), "released")
        assert.includeMembers([...filesBelow(rig, "stash/seeding")], ["tv/Andor.S01/e2.mkv", "cross/Andor/second.mkv"])
        rig.torrents.before = () => undefined
        assert.notInclude(Object.values(outcomes(yield* rig.run(run))), "released")
        assert.includeMembers([...filesBelow(rig, "stash/seeding")], ["tv/Andor.S01/e2.mkv", "cross/Andor/second.mkv"])
      })
    )
  )

  it.live("a torrent that comes back after its removal has its payload again", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* payload(rig)
        yield* retired(rig)
        const held = rig.torrents.held.get(hash(1))
        if (held === undefined) return yield* Effect.die("no torrent")
        hardlink(rig, `${seeding}/${name}/e1.mkv`, "library/late.mkv")
        rmSync(join(rig.root, "library/late.mkv"))
        // Somebody adds it again in the moment after.
        let removals = 0
        rig.torrents.before = (operation) => {
          if (operation === "remove") removals += 1
          if (operation === "torrents" && removals === 2 && !rig.torrents.held.has(hash(2))) {
            rig.torrents.held.set(hash(1), held)
          }
        }
        const report = yield* rig.run(run)
        assert.notInclude(Object.values(outcomes(report)), "released")
        assert.deepStrictEqual(filesBelow(rig, "stash/seeding"), everything)
      })
    )
  )

  it.live("a disk that is not mounted when it is finished is no absence", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        yield* payload(rig)
        yield* retired(rig)
        const dir = join(rig.root, "stash/seeding")
        rig.torrents.before = (operation, count) => {
          if (operation === "remove" && count === 2) {
            renameSync(dir, `${dir}.away`)
            mkdirSync(dir)
          }
        }
        const report = yield* rig.run(run)
        assert.notInclude(Object.values(outcomes(report)), "released")
        rig.torrents.before = () => undefined
        const again = yield* rig.run(run)
        assert.match(again.items[0]?.reason ?? "", /is its disk mounted/)
        rmSync(dir, { recursive: true })
        renameSync(`${dir}.away`, dir)
        assert.deepStrictEqual(outcomes(yield* rig.run(run)), { [name]: "released" })
        assert.deepStrictEqual(filesBelow(rig, "stash/seeding"), ["tv/Other/e1.mkv"])
      })
    )
  )
})
