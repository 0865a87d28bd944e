import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { copyFileSync, linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { renderExplain } from "../../src/cli/RenderExplain.ts"
import { width } from "../../src/platform/Text.ts"
import { MediaServer } from "../../src/services/MediaServer.ts"
import { Requests } from "../../src/services/Requests.ts"
import { Items } from "../../src/state/Items.ts"
import { Retirements } from "../../src/state/Retirements.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { explain } from "../../src/workflows/explain.ts"
import type { FullExplanation } from "../../src/workflows/explain-report.ts"
import { relocate } from "../../src/workflows/relocate.ts"
import { noise } from "../fakes/metainfo.ts"
import { day, digest, inode, type Rig, withRig } from "./relocate/rig.ts"

const state = Layer.mergeAll(Items.layer, Torrents.layer, Retirements.layer)
const noMedia = Layer.merge(Layer.mock(MediaServer)({}), Layer.mock(Requests)({ configured: false }))

const ask = (rig: Rig, target: string) => rig.run(explain(target).pipe(Effect.provide(Layer.merge(state, noMedia))))

const page = (explanation: FullExplanation, columns = 100) =>
  renderExplain(explanation, { columns, colour: false, now: 0 }).join("\n")

const only = ({ relocation }: FullExplanation) => {
  const [story, ...rest] = relocation?.residencies ?? []
  if (story === undefined || rest.length > 0) throw new Error(`${rest.length + 1} stories`)
  return story
}

const linked = (from: string, to: string) => {
  mkdirSync(dirname(to), { recursive: true })
  linkSync(from, to)
  return to
}

const fileOf = ({ paths }: { readonly paths: ReadonlyArray<string> }, at = 0): string => paths[at] ?? ""

/** Some of everything that a plan can say. */
const household = (rig: Rig) => {
  const seedOnly = rig.torrent({
    name: "Seed.Only",
    folder: "tv",
    files: [{ path: "a.mkv", bytes: noise(70_000, "a") }]
  })
  const sibling = rig.torrent({
    name: "Sibling",
    folder: "cross",
    files: [{ path: "b.mkv", bytes: noise(70_000, "a") }],
    pieceLength: 32768,
    write: false
  })
  linked(fileOf(seedOnly), join(rig.seeds, "cross/Sibling/b.mkv"))
  const pinned = rig.torrent({ name: "Pinned.mkv", folder: "movies", spec: { tags: ["~noHL"] } })
  linked(fileOf(pinned), join(rig.library, "Pinned (2026).mkv"))
  const gone = rig.torrent({ name: "Gone.mkv", folder: "tv" })
  rmSync(fileOf(gone))
  const away = rig.torrent({ name: "Away.mkv", folder: "gone/deep" })
  rmSync(join(rig.seeds, "gone"), { recursive: true })
  const soft = rig.torrent({ name: "Soft.mkv", folder: "tv" })
  rmSync(fileOf(soft))
  symlinkSync("/etc/hostname", fileOf(soft))
  const loading = rig.torrent({ name: "Loading.mkv", folder: "tv", spec: { state: "downloading", progress: 0.5 } })
  const left = rig.torrent({ name: "Left.mkv", folder: "tv" })
  linked(fileOf(left), join(rig.seeds, "rest/left.mkv"))
  const pooled = rig.torrent({ name: "Pooled.mkv", folder: join(rig.pooled, "tv") })
  const back = rig.torrent({ name: "Back.mkv", folder: join(rig.pooled, "tv") })
  copyFileSync(fileOf(back), join(rig.library, "Back.mkv"))
  const copied = rig.torrent({ name: "Copied.mkv", folder: "tv" })
  mkdirSync(join(rig.pool, "old"))
  copyFileSync(fileOf(copied), join(rig.pool, "old/copied.mkv"))
  const twin = rig.torrent({ name: "Twin.mkv", folder: "tv" })
  copyFileSync(fileOf(twin), join(rig.library, "Twin.mkv"))
  linked(join(rig.library, "Twin.mkv"), join(rig.library, "again/Twin.mkv"))
  const all = { seedOnly, sibling, pinned, gone, away, soft, loading, left, pooled, back, copied, twin }
  return { ...all, hashes: Object.values(all).map(({ hash }) => hash) }
}

describe("a torrent of stash or pool", () => {
  it.live("is said of what the plan says of it, for everything that a plan can say, and nothing is changed", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { hashes } = household(rig)
        yield* rig.index()
        const report = yield* rig.run(relocate({ dryRun: true, details: false }))
        const planned = [
          ...report.steps.map(({ action, torrents, why }) => ({ action, torrents, why })),
          ...report.stays.map(({ torrents, why }) => ({ action: "stay", torrents, why })),
          ...report.blocked.map(({ torrents, why }) => ({ action: "blocked", torrents, why }))
        ]
        assert.deepStrictEqual(new Set(planned.map(({ action }) => action)).size, 4)
        const before = [rig.tree(rig.stash), rig.tree(rig.pool)]
        for (const hash of hashes) {
          const { plan, torrents } = only(yield* ask(rig, hash))
          const expected = planned.find((one) => one.torrents.some((torrent) => torrent.hash === hash))
          assert.deepStrictEqual({ action: plan.action, torrents, why: plan.why }, expected)
        }
        assert.deepStrictEqual([rig.tree(rig.stash), rig.tree(rig.pool)], before)
        assert.deepStrictEqual(yield* rig.sagas, [])
      })
    )
  )

  it.live("names the link that pins it, how many of its names lie outside, and what would set it free", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { pinned } = household(rig)
        yield* rig.index()
        const explanation = yield* ask(rig, pinned.hash)
        const { because, plan, side, tagged, verdict } = only(explanation)
        const library = join(rig.library, "Pinned (2026).mkv")
        assert.deepStrictEqual([side, tagged, verdict, plan.action], ["stash", true, "external", "stay"])
        const text = `1 of 2 names of ${fileOf(pinned)} lies outside of the seeding directories: ${library}`
        assert.deepStrictEqual(because, [text])
        assert.match(plan.next, /nothing outside of the seeding directories may link to it any more/)
        const screen = page(explanation)
        assert.match(screen, /^Stash and pool\n {2}lies +on the stash: 1 file, 48\.8 KiB; tagged/m)
        assert.match(screen, /^ {2}residency +linked from outside\n {15}1 of 2 names of/m)
        assert.match(screen, /^ {2}plan +it stays, because of that$/m)
        for (const columns of [80, 100, 160]) {
          for (const line of page(explanation, columns).split("\n")) assert.isAtMost(width(line), columns)
        }
      })
    )
  )

  it.live("asks the client for the files of no torrent that has nothing to do with it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { seedOnly, sibling } = household(rig)
        yield* rig.index()
        const before = rig.fake.calls.length
        yield* ask(rig, seedOnly.hash)
        const calls = rig.fake.calls.slice(before)
        const asked = calls.filter(({ path }) => path === "/torrents/files").map(({ fields }) => fields["hash"])
        assert.deepStrictEqual(asked.toSorted(), [seedOnly.hash, sibling.hash].toSorted())
        assert.lengthOf(
          calls.filter(({ path }) => path === "/torrents/info"),
          1
        )
      })
    )
  )

  it.live(
    "finds names that the index has not seen yet, by walking: a sibling there, or a link from nowhere known",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const first = rig.torrent({ name: "First.mkv", folder: "tv" })
          const lone = rig.torrent({ name: "Lone.mkv", folder: "tv" })
          yield* rig.index()
          const bytes = noise(50_000, "First.mkv")
          const late = rig.torrent({ name: "Late.mkv", folder: "cross", files: bytes, write: false })
          linked(fileOf(first), join(rig.seeds, "cross/Late.mkv"))
          linked(fileOf(lone), join(rig.library, "Lone.mkv"))
          const one = only(yield* ask(rig, first.hash))
          assert.strictEqual(one.verdict, "internal")
          assert.deepStrictEqual(one.torrents.map(({ hash }) => hash).toSorted(), [first.hash, late.hash].toSorted())
          const other = only(yield* ask(rig, lone.hash))
          assert.deepStrictEqual(
            [other.verdict, other.because],
            ["external", [`1 of 2 names of ${fileOf(lone)} lies outside of the seeding directories`]]
          )
        })
      )
  )

  it.live("is found by its name, by its folder, by a file in it, and by the library's name of that file", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { pinned, seedOnly, sibling } = household(rig)
        yield* rig.index()
        const both = [seedOnly.hash, sibling.hash].toSorted()
        for (const target of ["Seed.Only", join(rig.seeds, "tv/Seed.Only"), fileOf(seedOnly), "Sibling"]) {
          const { torrents } = only(yield* ask(rig, target))
          assert.deepStrictEqual(torrents.map(({ hash }) => hash).toSorted(), both, target)
        }
        const library = yield* ask(rig, join(rig.library, "Pinned (2026).mkv"))
        assert.strictEqual(only(library).torrents[0]?.hash, pinned.hash)
        assert.strictEqual(library.cached?.kind, "file")
        assert.match(page(library), /^Hash cache\n {2}48\.8 KiB, inode/m)
      })
    )
  )

  it.live("is not guessed at while a side is not what it was: that is said, and nothing else", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { pinned } = household(rig)
        rig.storage = {
          ...rig.storage,
          pool: { root: join(rig.root, "no"), seedingDirs: [join(rig.root, "no/seeds")] }
        }
        const explanation = yield* ask(rig, pinned.hash)
        assert.deepStrictEqual(explanation.relocation?.residencies, [])
        assert.match(page(explanation), /^ {2}not known +.*\/no cannot be looked at/m)
      })
    )
  )
})

describe("a path that is no torrent's", () => {
  it.live("is told of by the hash cache: content, grade, names, duplicates; of a folder its identities", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const path = join(rig.library, "Other.mkv")
        writeFileSync(path, noise(30_000, "other"))
        linked(path, join(rig.library, "also/Other.mkv"))
        const copy = join(rig.pool, "Other.copy")
        copyFileSync(path, copy)
        yield* rig.index()
        const { cached, relocation } = yield* ask(rig, path)
        assert.isNull(relocation)
        if (cached?.kind !== "file") throw new Error("no file")
        assert.strictEqual(cached.inodes[0]?.grade, "stable")
        assert.isTrue(cached.contentId?.startsWith(`sha256:${digest(path)}`))
        assert.deepStrictEqual(
          cached.inodes.map(({ ino, names }) => [ino, names.length]),
          [
            [String(inode(path)), 2],
            [String(inode(copy)), 1]
          ]
        )
        const folder = yield* ask(rig, join(rig.library, "also/"))
        if (folder.cached?.kind !== "directory") throw new Error("no folder")
        assert.match(folder.cached.payload ?? "", /^payload:/)
        assert.isNull((yield* ask(rig, "/nowhere/at/all")).cached)
      })
    )
  )
})

describe("a relocation", () => {
  it.live(
    "is told of with its state, its times and what it waits for, from each of its torrents and its quarantine",
    () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const { seedOnly, sibling } = household(rig)
          yield* rig.apply()
          const saga = (yield* rig.sagas).find(({ subject }) => subject === "Seed.Only" || subject === "Sibling")
          const aside = join(rig.seeds, `.media-pipeline-quarantine/saga-${saga?.id ?? 0}/tv/Seed.Only/a.mkv`)
          for (const target of [seedOnly.hash, sibling.hash, aside]) {
            const { history, relocation } = yield* ask(rig, target)
            const [story] = relocation?.sagas ?? []
            assert.deepInclude(story, {
              saga: saga?.id ?? 0,
              kind: "demotion",
              state: "quarantined",
              files: 1,
              bytes: 70_000
            })
            assert.match(story?.waitsFor ?? "", /^its quarantine, until .*the second run of relocate after that proves/)
            assert.isTrue(history.some(({ what }) => what.startsWith("relocate.quarantine: saga")))
          }
          const busy = only(yield* ask(rig, seedOnly.hash))
          assert.deepStrictEqual([busy.side, busy.plan.action], ["pool", "blocked"])
          assert.match(busy.plan.why, /it is under way: demotion, the source waits in the quarantine/)

          rig.ahead += 4 * day
          const over = (yield* ask(rig, seedOnly.hash)).relocation?.sagas[0]?.waitsFor
          assert.match(over ?? "", /relocate --apply.*its quarantine is over, and a second run/)
          yield* rig.apply()
          yield* rig.apply()
          const done = (yield* ask(rig, seedOnly.hash)).relocation
          assert.deepInclude(done?.sagas[0], { state: "done", waitsFor: null })
          assert.strictEqual(done?.residencies[0]?.plan.action, "stay")
          assert.match(done?.residencies[0]?.plan.next ?? "", /nothing is copied back/)
        })
      )
  )

  it.live("that found wrong bytes is told of with its verdict, and blocks the next plan until they change", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const film = rig.torrent({ name: "Rotten.mkv", folder: "tv" })
        writeFileSync(fileOf(film), noise(50_000, "something else"))
        yield* rig.apply()
        const explanation = yield* ask(rig, "Rotten.mkv")
        const { plan } = only(explanation)
        assert.strictEqual(plan.action, "blocked")
        assert.strictEqual(explanation.relocation?.sagas[0]?.reason, plan.why)
        assert.match(page(explanation), /^Relocations\n {2}number 1 +demotion, ended, nothing was moved\n/m)
        assert.match(plan.next, /recheck its torrents/)
      })
    )
  )
})
