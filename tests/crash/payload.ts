import { createHash } from "node:crypto"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { TorrentSpec } from "../fakes/qbittorrent-torrents.ts"
import { noise, wholeContent } from "../fakes/archives/members.ts"
import { writeRar } from "../fakes/archives/rar.ts"
import { writeZip } from "../fakes/archives/zip.ts"

export interface Original {
  /** Below the completed folder, as bytes in latin1: names need not be text. */
  readonly path: string
  readonly sha1: string
}

/** An item and everything of it that is to be on the remote. */
export interface Payload {
  /** Of the item, below the completed folder; its sign is beside it. */
  readonly name: string
  /** Every remote path of it begins so. */
  readonly prefix: string
  readonly originals: ReadonlyArray<Original>
  /** SHA-1 of what is in its archives. */
  readonly members: ReadonlyArray<string>
  readonly torrent: Omit<TorrentSpec, "savePath">
}

const sha1 = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex")
const content = (size: number, seed: string) => wholeContent(noise(size, seed))

/** Seeding for long enough in managed mode. */
const seeded = { ratio: 2, seedingTime: 30 * 86_400, trackers: ["https://tracker.example/announce"] }

const put = (folder: string, path: string, bytes: Uint8Array): Original => {
  const target = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, "latin1")])
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(target, bytes)
  return { path, sha1: sha1(bytes) }
}
const latin1 = (text: string) => Buffer.from(text).toString("latin1")

const film = (folder: string): Payload => {
  const name = "A Film (2026).mkv"
  const original = put(folder, name, content(200_000, name))
  return {
    name,
    prefix: `movies/${name}`,
    originals: [original],
    members: [],
    torrent: { name, files: [{ name, size: 200_000 }], category: "radarr", ...seeded }
  }
}

/** Two names that look alike, a newline in each; and one that is no text, so not in the client's list. */
const odd = (folder: string): Payload => {
  const name = "Odd \"names\" and 'quotes'"
  const names = ["-dash $(id)\ncaf\u00e9", "-dash $(id)\ncafe\u0301"].map((one) => `${name}/${latin1(one)}`)
  const originals = [...names, `${name}/not \xff text.bin`].map((path) => put(folder, path, content(4000, path)))
  return {
    name,
    prefix: `downloads/${name}/`,
    originals,
    members: [],
    torrent: {
      name,
      files: names.map((path) => ({ name: Buffer.from(path, "latin1").toString(), size: 4000 })),
      ...seeded
    }
  }
}

const rar = (folder: string): Payload => {
  const name = "Show.S01E01"
  const size = 1_200_000
  const member = noise(size, name)
  mkdirSync(join(folder, name))
  const volumes = writeRar(join(folder, name), "show.s01e01", [{ name: "Show S01E01.mkv", content: member }], {
    version: 5,
    naming: "part",
    volumeData: 500_000
  })
  const nfo = put(folder, `${name}/show.nfo`, Buffer.from("a show\n"))
  const read = volumes.map((path) => ({ path: path.slice(folder.length + 1), bytes: readFileSync(path) }))
  return {
    name,
    prefix: `tv/${name}/`,
    originals: [...read.map(({ bytes, path }) => ({ path, sha1: sha1(bytes) })), nfo],
    members: [sha1(wholeContent(member))],
    torrent: {
      name,
      files: [...read.map(({ bytes, path }) => ({ name: path, size: bytes.length })), { name: nfo.path, size: 7 }],
      category: "tv-sonarr",
      ...seeded
    }
  }
}

const zip = (folder: string): Payload => {
  const name = "Bonus.zip"
  const members = ["inside/it's.mkv", "inside/two\nlines.txt"]
  writeZip(
    join(folder, name),
    members.map((member) => ({ name: member, content: noise(50_000, member) }))
  )
  const bytes = readFileSync(join(folder, name))
  return {
    name,
    prefix: "downloads/Bonus",
    originals: [{ path: name, sha1: sha1(bytes) }],
    members: members.map((member) => sha1(content(50_000, member))),
    torrent: { name, files: [{ name, size: bytes.length }], ...seeded }
  }
}

/** Over the cutoff of the test build: it is sent in parts. */
const large = (folder: string): Payload => {
  const name = "Large.mkv"
  const size = 5.5 * 1024 * 1024
  const original = put(folder, name, content(size, name))
  return {
    name,
    prefix: `downloads/${name}`,
    originals: [original],
    members: [],
    torrent: { name, files: [{ name, size }], ...seeded }
  }
}

/** A torrent without a folder of its own: its name is only a name. */
const rootless = (folder: string): Payload => {
  const name = "Loose"
  const files = ["loose-a.mkv", "loose-b.mkv"]
  const originals = files.map((file) => put(folder, file, content(5000, file)))
  return {
    name,
    prefix: `downloads/${name}/`,
    originals,
    members: [],
    torrent: { name, files: files.map((file) => ({ name: file, size: 5000 })), ...seeded }
  }
}

export const kinds = { film, odd, rar, zip, large, rootless }
export type Kind = keyof typeof kinds

/** What no run may touch: a torrent that is not complete, and a hidden file. */
export const neighbours = [".neighbour", "Half.mkv"]
const half: Payload["torrent"] = {
  name: "Half.mkv",
  files: [{ name: "Half.mkv", size: 2000, progress: 0.5 }],
  state: "downloading",
  progress: 0.5
}

/** Fills `folder`. Also tells the torrents that the client is to hold. */
export const fill = (folder: string, wanted: ReadonlyArray<Kind>) => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const name of neighbours) writeFileSync(join(folder, name), `${name}\n`)
  const payloads = wanted.map((kind) => kinds[kind](folder))
  return { payloads, torrents: [...payloads.map(({ torrent }) => torrent), half] }
}
