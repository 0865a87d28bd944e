import { assert, describe, it } from "@effect/vitest"
import { known } from "../../src/domain/fact.ts"
import { followed, followedFiles, type Payload, type RetiredTitle } from "../../src/domain/retiredTorrents.ts"

const hash = "1".repeat(40)

const payload = (files: Readonly<Record<string, number>>): Payload => ({
  hash,
  name: "a torrent",
  addedAt: 1_000,
  files: Object.entries(files).map(([path, size], at) => {
    const fence = { dev: 1n, ino: BigInt(at + 1), size: BigInt(size), mtimeNs: 1n, ctimeNs: 1n }
    return { path, size, wanted: true, found: known({ path, entry: path, fence, links: 1 }, path, 1) }
  }),
  extracted: []
})

const title: RetiredTitle = {
  id: 1,
  title: "Film (2024)",
  rule: "watched",
  hashes: [hash],
  files: [{ path: "/library/film.mkv", size: 10, hashes: [hash] }],
  endedAt: 2_000
}

const why = (files: Readonly<Record<string, number>>) => followed([payload(files)], [title]).get(hash)?.why

describe("what a torrent of a retired title holds", () => {
  it("is told by its own folders, and not by those that it was saved in", () => {
    assert.isNull(why({ "/seeding/other/Film/film.mkv": 10, "/seeding/other/Film/Extras/cut.mkv": 3 }))
    assert.isNull(why({ "/seeding/trailers/film.mkv": 10 }))
    assert.match(why({ "/seeding/other/Film/film.mkv": 10, "/seeding/other/Film/second.mkv": 3 }) ?? "", /second\.mkv/)
  })

  it("stays whole where it is music or a book too, which no arr has retired", () => {
    assert.match(why({ "/seeding/Band/live.mkv": 10, "/seeding/Band/01.flac": 3 }) ?? "", /01\.flac .* no part of/)
    assert.match(why({ "/seeding/Saga/film.mkv": 10, "/seeding/Saga/novel.epub": 3 }) ?? "", /novel\.epub/)
    assert.isNull(why({ "/seeding/Film/film.mkv": 10, "/seeding/Film/film.nfo": 1, "/seeding/Film/film.srt": 1 }))
    const manifest = [
      { path: "live.mkv", size: 10 },
      { path: "01.flac", size: 3 }
    ]
    assert.match(followedFiles([hash], manifest, [title]).why ?? "", /01\.flac/)
  })
})
