import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { discover, type Found, type Known, type Layout } from "../../src/domain/discovery.ts"
import type { Torrent } from "../../src/domain/torrents.ts"
import { seeding } from "../fakes/memory-torrents.ts"

const root = "/completed"
const layout: Layout = {
  completedDir: root,
  categories: new Map([
    ["tv-sonarr", "tv"],
    ["radarr", "movies"]
  ]),
  fallback: "downloads",
  containers: new Map([
    [root, ""],
    [`${root}/tv-sonarr`, "tv-sonarr"],
    [`${root}/radarr`, "radarr"]
  ])
}
let count = 0
const torrent = (path: string, over: Partial<Torrent> = {}) =>
  seeding((count++).toString(16).padStart(40, "0"), `${root}/${path}`, over)
const found = (path: string, kind: Found["kind"] = "file"): Found => ({ path: `${root}/${path}`, kind })
const known = (path: string, over: Partial<Known> = {}): Known => ({
  path: `${root}/${path}`,
  kind: "directory",
  category: null,
  released: false,
  ...over
})
const look = (input: {
  torrents?: ReadonlyArray<Torrent>
  found?: ReadonlyArray<Found>
  members?: ReadonlyArray<string>
  known?: ReadonlyArray<Known>
}) => {
  const { candidates, left } = discover({
    torrents: input.torrents ?? [],
    found: input.found ?? [],
    members: new Set((input.members ?? []).map((path) => `${root}/${path}`)),
    known: input.known ?? [],
    layout
  })
  const short = (path: string) => path.slice(root.length + 1)
  return {
    items: candidates.map(({ byHand, path, remote }) => `${short(path)} > ${remote}${byHand ? " by hand" : ""}`),
    left: Object.fromEntries(left.map(({ path, why }) => [short(path), why])),
    candidates
  }
}

describe("torrents", () => {
  it("complete and at rest is an item, in the folder of its category; everything else is left and says why", () => {
    for (const state of ["uploading", "stalledUP", "queuedUP", "forcedUP", "stoppedUP", "pausedUP"]) {
      assert.deepStrictEqual(look({ torrents: [torrent("X", { state })] }).items, ["X > downloads"], state)
    }
    for (const [over, why] of [
      [{ state: "checkingUP" }, /checking/],
      [{ state: "checkingResumeData" }, /checking/],
      [{ state: "moving" }, /moving/],
      [{ state: "error" }, /error/],
      [{ state: "missingFiles" }, /misses files/],
      [{ state: "downloading", progress: 0.999 }, /99 %/],
      [{ state: "uploading", progress: 0.999 }, /still downloading/],
      [{ state: "uploading", amountLeft: 1 }, /still downloading/],
      [{ state: "forcedMetaDL" }, /forcedMetaDL/],
      [{ state: "" }, /""/]
    ] as const) {
      const seen = look({ torrents: [torrent("X", over)], found: [found("X")] })
      assert.deepStrictEqual(seen.items, [], JSON.stringify(over))
      assert.match(seen.left["X"] ?? "", why)
    }
  })

  it("category, none, an unknown one", () => {
    const torrents = [torrent("A", { category: "tv-sonarr" }), torrent("B"), torrent("C", { category: "books" })]
    assert.deepStrictEqual(look({ torrents }).items, ["A > tv", "B > downloads", "C > downloads"])
  })

  it("nested and doubled payloads are one item, at rest when all of them are", () => {
    const pair = [torrent("Pack"), torrent("Pack/Season 1", { category: "tv-sonarr" }), torrent("Pack")]
    const seen = look({ torrents: pair })
    assert.deepStrictEqual(seen.items, ["Pack > tv"])
    assert.strictEqual(seen.candidates[0]?.hashes.length, 3)
    const restless = [torrent("Pack"), torrent("Pack/Season 1", { state: "stalledDL", progress: 0.1 })]
    assert.deepStrictEqual(look({ torrents: restless, found: [found("Pack", "directory")] }).items, [])
    assert.deepStrictEqual(look({ torrents: [torrent("Pack"), torrent("Pack 2")] }).items.length, 2, "no prefix")
  })

  it("without a folder of their own: an item by the torrent's name, beside whatever is called the same", () => {
    const loose = torrent("", { contentPath: root, name: "Loose/er", savePath: root })
    const inside = torrent("", { contentPath: `${root}/radarr`, name: "Inside", category: "radarr" })
    const input = { torrents: [loose, inside], found: [found("a.mkv"), found("b.mkv")], members: ["a.mkv"] }
    const seen = look(input)
    assert.deepStrictEqual(seen.items, ["Loose_er > downloads", "radarr/Inside > movies", "b.mkv > downloads by hand"])
    assert.deepStrictEqual(
      seen.candidates.map(({ kind }) => kind),
      ["rootless", "rootless", null]
    )
    const twin = look({ torrents: [torrent("Show"), torrent("", { contentPath: root, name: "Show" })] })
    assert.strictEqual(twin.items.length, 1)
    assert.match(twin.left["Show"] ?? "", /rename/)
  })

  it("a restless one without a folder is nobody's item, known before or not", () => {
    const loose = torrent("", { contentPath: root, name: "Loose", state: "stalledDL", progress: 0.5 })
    const input = { torrents: [loose], found: [found("a.mkv")], members: ["a.mkv"] }
    assert.deepStrictEqual(look(input).items, [])
    assert.deepStrictEqual(look({ ...input, known: [known("Loose", { kind: "rootless" })] }).items, [])
  })

  it("outside completedDir, without metadata, and names that are only a prefix of the folder's", () => {
    const seen = look({
      torrents: [
        torrent("", { contentPath: "/completed-old/X" }),
        torrent("", { contentPath: "" }),
        torrent("", { contentPath: "/elsewhere/half", state: "downloading", progress: 0 })
      ]
    })
    assert.deepStrictEqual([seen.items, Object.values(seen.left).length], [[], 1])
  })
})

describe("dropped by hand", () => {
  it("what no torrent claims, but for signs, hidden and half-written names, containers and folders of other items", () => {
    const seen = look({
      torrents: [torrent("Show"), torrent("deep/er/X")],
      found: [
        found("Show", "directory"),
        found("Show.uploaded"),
        found("by hand.mkv"),
        found("Folder.uploaded", "directory"),
        found(".hidden"),
        found(".media-pipeline-quarantine", "directory"),
        found("half.mkv.!qB"),
        found("x.parts"),
        found("tv-sonarr", "directory"),
        found("tv-sonarr/Ep", "directory"),
        found("deep", "directory"),
        found("pipe", "other"),
        found("-dash\nnewline")
      ]
    })
    assert.deepStrictEqual(seen.items, [
      "Show > downloads",
      "deep/er/X > downloads",
      "by hand.mkv > downloads by hand",
      "Folder.uploaded > downloads by hand",
      "tv-sonarr/Ep > tv by hand",
      "-dash\nnewline > downloads by hand"
    ])
    assert.deepStrictEqual(Object.keys(seen.left), ["pipe"])
  })

  it("a single-file torrent may be called like a sign", () => {
    assert.deepStrictEqual(look({ torrents: [torrent("X.uploaded")], found: [found("X.uploaded")] }).items, [
      "X.uploaded > downloads"
    ])
  })

  it("a folder with a restless torrent inside is left alone, an item inside a torrent is the torrent's", () => {
    const half = torrent("Pack/sub", { state: "stalledDL", progress: 0.5 })
    const pack = look({ torrents: [half], found: [found("Pack", "directory")], known: [known("Pack")] })
    assert.deepStrictEqual(pack.items, [])
    assert.match(pack.left["Pack"] ?? "", /still downloading/)
    const inner = look({ torrents: [torrent("D", { state: "moving" })], known: [known("D/sub")] })
    assert.deepStrictEqual(inner.items, [])
    assert.deepStrictEqual(look({ torrents: [torrent("D")], known: [known("D/sub")] }).items, ["D > downloads"])
  })
})

describe("known items whose torrent has gone", () => {
  it("stay items with their category, wherever they lie; released ones do not", () => {
    const seen = look({
      found: [found("Show", "directory"), found("tv-sonarr/Ep", "directory")],
      known: [
        known("Show", { category: "tv-sonarr" }),
        known("tv-sonarr/Ep", { category: "radarr" }),
        known("deep/er/X", { category: "radarr" }),
        known("Loose", { kind: "rootless" }),
        known("deep/gone", { released: true }),
        known("not on the disk")
      ]
    })
    assert.deepStrictEqual(seen.items, [
      "Show > tv by hand",
      "tv-sonarr/Ep > movies by hand",
      "deep/er/X > movies by hand",
      "Loose > downloads by hand"
    ])
  })
})

describe("whatever the names", () => {
  const name = Schema.String.check(Schema.isPattern(/^[^/\0]{1,8}$/))

  it.prop(
    "each place is one candidate or left, and nothing restless is a candidate",
    [Schema.Array(Schema.Struct({ path: Schema.Array(name), done: Schema.Boolean })), Schema.Array(name)],
    ([all, names]) => {
      const torrents = all
        .filter(({ path }) => path.length > 0 && path.every((part) => part !== "." && part !== ".."))
        .map(({ done, path }) =>
          torrent(path.slice(0, 3).join("/"), done ? {} : { state: "downloading", progress: 0.5, amountLeft: 1 })
        )
      const { candidates } = look({ torrents, found: names.map((one) => found(one, "directory")) })
      const paths = candidates.map(({ path }) => path)
      assert.strictEqual(new Set(paths).size, paths.length)
      for (const { path } of candidates) {
        for (const one of torrents.filter(({ progress }) => progress < 1)) {
          assert.isFalse(
            one.contentPath === path || one.contentPath.startsWith(`${path}/`),
            `${path} holds a restless torrent`
          )
        }
      }
      for (const one of torrents.filter(({ progress }) => progress === 1)) {
        const restless = torrents.some(
          (other) => other.progress < 1 && (other.contentPath === one.contentPath || isRelated(other, one))
        )
        if (!restless)
          assert.isTrue(paths.some((path) => one.contentPath === path || one.contentPath.startsWith(`${path}/`)))
      }
    }
  )
})

/** They share a folder that a torrent claims: one restless torrent holds up all that is in there. */
const isRelated = (one: Torrent, other: Torrent) => one.contentPath.split("/")[2] === other.contentPath.split("/")[2]
