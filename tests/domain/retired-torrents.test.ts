import { assert, describe, it } from "@effect/vitest"
import { known, unreadable } from "../../src/domain/fact.ts"
import { followed, followedFiles, isTitle, type Payload, type RetiredTitle } from "../../src/domain/retiredTorrents.ts"

const hash = (n: number) => String(n).padStart(40, "0")

/** A file by its name: inode, size, names of the inode, whether it is wanted. */
type File = readonly [name: string, ino: number, size: number, links?: number, wanted?: boolean]
const torrent = (n: number, files: ReadonlyArray<File>, over: Partial<Payload> = {}): Payload => ({
  hash: hash(n),
  name: `torrent ${n}`,
  addedAt: 1_000,
  files: files.map(([name, ino, size, links = 1, wanted = true]) => {
    const path = `/seeding/${n}/${name}`
    const fence = { dev: 1n, ino: BigInt(ino), size: BigInt(size), mtimeNs: 1n, ctimeNs: 1n }
    return { path, size, wanted, found: known({ path, entry: path, fence, links }, path, 1) }
  }),
  extracted: [],
  ...over
})
const title = (n: number, sizes: ReadonlyArray<number>, over: Partial<RetiredTitle> = {}): RetiredTitle => ({
  id: n,
  title: `title ${n}`,
  rule: "watched",
  hashes: [hash(n)],
  files: sizes.map((size, index) => ({ path: `/library/${n}/${index}.mkv`, size, hashes: [hash(n)] })),
  endedAt: 2_000,
  ...over
})
const why = (payloads: ReadonlyArray<Payload>, titles: ReadonlyArray<RetiredTitle>, n = 1) =>
  followed(payloads, titles).get(hash(n))?.why

describe("which torrents were retired", () => {
  it("one whose every video is a retired file of its own, by size", () => {
    assert.isNull(
      why(
        [
          torrent(1, [
            ["a.mkv", 1, 10],
            ["b.mkv", 2, 20],
            ["x.nfo", 3, 1]
          ])
        ],
        [title(1, [20, 10])]
      )
    )
    assert.match(
      why(
        [
          torrent(1, [
            ["a.mkv", 1, 10],
            ["b.mkv", 2, 30]
          ])
        ],
        [title(1, [20, 10])]
      ) ?? "",
      /b\.mkv .* none/
    )
    assert.match(
      why(
        [
          torrent(1, [
            ["a.mkv", 1, 10],
            ["b.mkv", 2, 10]
          ])
        ],
        [title(1, [10])]
      ) ?? "",
      /b\.mkv/
    )
  })

  it("a file of the title that came from another torrent stands for none of its files", () => {
    const other = title(1, [10], {
      files: [{ path: "/l/a.mkv", size: 10, hashes: [hash(9)] }],
      hashes: [hash(1), hash(9)]
    })
    assert.match(why([torrent(1, [["a.mkv", 1, 10]])], [other]) ?? "", /a\.mkv/)
  })

  it("two seasons of one pack, each with its own retirement", () => {
    const pack = torrent(1, [
      ["s1.mkv", 1, 10],
      ["s2.mkv", 2, 20]
    ])
    const second = title(2, [20], {
      hashes: [hash(1)],
      files: [{ path: "/library/2/0.mkv", size: 20, hashes: [hash(1)] }]
    })
    assert.match(why([pack], [title(1, [10])]) ?? "", /s2\.mkv/)
    assert.isNull(why([pack], [title(1, [10]), second]))
  })

  it("the same file in two retirements is one file", () => {
    const twice = [title(1, [10]), { ...title(1, [10]), id: 7 }]
    assert.match(
      why(
        [
          torrent(1, [
            ["a.mkv", 1, 10],
            ["b.mkv", 2, 10]
          ])
        ],
        twice
      ) ?? "",
      /b\.mkv/
    )
  })

  it("a cross-seed by inode, and not one by size alone", () => {
    const one = torrent(1, [["a.mkv", 1, 10, 2]])
    assert.isNull(why([one, torrent(2, [["first.mkv", 1, 10, 2]])], [title(1, [10])], 2))
    assert.strictEqual(
      why([torrent(1, [["a.mkv", 1, 10]]), torrent(2, [["first.mkv", 5, 10]])], [title(1, [10])], 2),
      "its title was not retired"
    )
  })

  it("not while a file has a name that is of none of them", () => {
    assert.match(why([torrent(1, [["a.mkv", 1, 10, 2]])], [title(1, [10])]) ?? "", /a library still links it/)
    assert.match(
      why(
        [
          torrent(1, [
            ["a.mkv", 1, 10],
            ["w.nfo", 2, 1, 2]
          ])
        ],
        [title(1, [10])]
      ) ?? "",
      /w\.nfo has 2/
    )
  })

  it("one entry by two paths is one name", () => {
    const [file] = torrent(1, [["a.mkv", 1, 10, 2]]).files
    if (file?.found._tag !== "Known") return assert.fail("no file")
    const again = { ...file, path: "/bind/a.mkv", found: known({ ...file.found.value, path: "/bind/a.mkv" }, "s", 1) }
    const payloads = [torrent(1, [], { files: [file] }), torrent(2, [], { files: [again] })]
    assert.match(why(payloads, [title(1, [10])]) ?? "", /a library still links it/)
  })

  it("not while a file of it cannot be read, or nothing in it can be told to be a title", () => {
    const one = torrent(1, [["a.mkv", 1, 10]])
    const blind = { ...one, files: one.files.map((file) => ({ ...file, found: unreadable<never>("s", 1, "EIO") })) }
    assert.match(why([blind], [title(1, [10])]) ?? "", /cannot be read: EIO/)
    assert.match(why([torrent(1, [["a.rar", 1, 10]])], [title(1, [10])]) ?? "", /no file that could be told/)
  })

  it("by what came out of its archives", () => {
    const archive = torrent(1, [["a.rar", 1, 7]], { extracted: [{ path: "a.mkv", size: 10 }] })
    assert.isNull(why([archive], [title(1, [10])]))
    assert.match(why([archive], [title(1, [11])]) ?? "", /a\.mkv/)
  })

  it("not one that was added after its title was retired", () => {
    assert.strictEqual(
      why([torrent(1, [["a.mkv", 1, 10]], { addedAt: 2_001 })], [title(1, [10])]),
      "its title was not retired"
    )
    assert.isNull(why([torrent(1, [["a.mkv", 1, 10]], { addedAt: null })], [title(1, [10])]))
  })

  it("samples and extras are no titles, and what only sounds like one is", () => {
    for (const path of ["Show/Sample/x.mkv", "Show/show-sample.mkv", "Film/Featurettes/x.mkv", "x.nfo", "x.rar"]) {
      assert.isFalse(isTitle(path), path)
    }
    for (const path of ["Sampled.mkv", "The Sample Man.mkv", "Others/x.mkv", "x.MKV", "disc.iso"]) {
      assert.isTrue(isTitle(path), path)
    }
  })

  it("a manifest alone, by its sizes", () => {
    const files = [{ path: "a.mkv", size: 10 }]
    assert.isNull(followedFiles([hash(1), hash(5)], files, [title(1, [10])]).why)
    assert.isNotNull(followedFiles([hash(5)], files, [title(1, [10])]).why)
    assert.isNotNull(followedFiles([hash(1)], [...files, { path: "b.mkv", size: 3 }], [title(1, [10])]).why)
    assert.isNotNull(followedFiles([hash(1)], [{ path: "a.nfo", size: 10 }], [title(1, [10])]).why)
  })
})
