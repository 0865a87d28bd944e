import { execFileSync, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { closeSync, linkSync, openSync, readSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { encode } from "../../tests/real/bencode.ts"
import { Host } from "./host.ts"
import { inTurn, median, run } from "./measure.ts"
import { writeNoise } from "./noise.ts"
import { canMount, Disks } from "./relocation-disks.ts"
import type { Row } from "./row.ts"
import { ratio } from "./row.ts"

const here = import.meta.dirname
const mebibyte = 1024 ** 2

/** A v1 torrent of one file that is on the disk. */
const torrentOf = (path: string, name: string, pieceLength: number, size: number) => {
  const digests: Array<Buffer> = []
  const file = openSync(path, "r")
  const piece = Buffer.alloc(pieceLength)
  for (let at = 0; at < size; at += pieceLength) {
    const read = readSync(file, piece, 0, pieceLength, at)
    digests.push(createHash("sha1").update(piece.subarray(0, read)).digest())
  }
  closeSync(file)
  const info = encode({ length: size, name, "piece length": pieceLength, pieces: Buffer.concat(digests) })
  const hash = createHash("sha1").update(info).digest("hex")
  const metainfo = Buffer.concat([Buffer.from("d4:info"), info, Buffer.from("e")]).toString("base64")
  // The client's own check is the same for everybody, and is not what is measured.
  return { name, hash, metainfo, onDisk: false }
}

/** The fake client with these torrents, as a process of its own. Answers with its address and how to end it. */
const clientWith = async (root: string, torrents: ReadonlyArray<object>) => {
  const list = join(root, "client.json")
  writeFileSync(list, JSON.stringify({ torrents, bypassLocalhost: true }))
  const child = spawn(process.execPath, [join(here, "../../tests/fakes/qbittorrent-main.ts"), list], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const line = await new Promise<string>((resolve) => child.stdout.once("data", (chunk) => resolve(String(chunk))))
  const { url } = JSON.parse(line)
  return { url: String(url), stop: () => child.kill() }
}

/** A file of some GiB from one filesystem to the other, proven by its torrent, against `cp`, a flush and `cmp`. */
const move = async (size: number): Promise<ReadonlyArray<Row>> => {
  const host = new Host()
  const disks = new Disks((size / mebibyte) * 1.1 + 200)
  try {
    const name = "Large.mkv"
    const source = join(disks.stash, "seeding", name)
    writeNoise(source, size)
    const torrent = { ...torrentOf(source, name, 4 * mebibyte, size), savePath: join(disks.stash, "seeding") }
    const target = join(disks.pool, "seeding", name)
    const ours = async () => {
      const client = await clientWith(host.root, [torrent])
      host.forget()
      host.configure(client.url, "/nowhere", "", disks.storage)
      const { wall } = await host.worker("relocate", "--apply")
      client.stop()
      // For the next round everything is as it was.
      execFileSync("mv", [join(disks.stash, "seeding/.media-pipeline-quarantine/saga-1", name), source])
      rmSync(join(disks.stash, "seeding/.media-pipeline-quarantine"), { recursive: true })
      rmSync(target)
      return wall
    }
    const theirs = async () => {
      const copied = await run("sh", ["-c", `cp "$0" "$1" && sync "$1" && cmp "$0" "$1"`, source, target])
      rmSync(target)
      return copied.wall
    }
    await theirs()
    const [one, other] = await inTurn(3, ours, theirs)
    return [
      ratio(`${size / 1024 ** 3} GiB to another filesystem, proven`, median(one), median(other), 1, "cp, sync, cmp")
    ]
  } finally {
    disks.end()
    host.stop()
  }
}

/** What the worker and all that it has started have read by read(2) and the like, in bytes. */
const bytesRead = async (host: Host, ...args: ReadonlyArray<string>): Promise<number> => {
  const bundle = join(here, "../../dist/media-pipeline.mjs")
  const script = '"$0" "$@" >/dev/null && sed -n "s/^rchar: //p" /proc/$$/io'
  const worker = [process.execPath, bundle, "--config", join(host.root, "config.json"), ...args]
  return Number((await run("sh", ["-c", script, ...worker])).output.trim().split("\n").at(-1))
}

/** Siblings of a payload that is on the pool already: nothing is copied, and all of them are proven. */
const siblings = async (count: number, size: number): Promise<Row> => {
  const host = new Host()
  const disks = new Disks((size / mebibyte) * 1.1 + 100)
  try {
    const seeds = join(disks.stash, "seeding")
    const source = join(seeds, "0.mkv")
    writeNoise(source, size)
    const torrents = Array.from({ length: count }, (_, index) => {
      const name = `${index}.mkv`
      if (index > 0) linkSync(source, join(seeds, name))
      return { ...torrentOf(source, name, (index + 1) * 256 * 1024, size), savePath: seeds }
    })
    execFileSync("cp", [source, join(disks.pool, "seeding/there.mkv")])
    await setTimeout(2500)
    const client = await clientWith(host.root, torrents)
    try {
      host.configure(client.url, "/nowhere", "", disks.storage)
      await host.worker("index")
      const idle = await bytesRead(host, "relocate", "--dry-run")
      const all = await bytesRead(host, "relocate", "--apply")
      const detail = `${count} torrents cut into pieces of ${count} sizes, one copy of ${size / mebibyte} MiB`
      return {
        what: `${count} siblings proven: bytes read by bytes of payload`,
        value: (all - idle) / size,
        goal: 1.1,
        unit: "×",
        detail
      }
    } finally {
      client.stop()
    }
  } finally {
    disks.end()
    host.stop()
  }
}

/** Relocation between two filesystems of their own. */
export const relocation = async (): Promise<ReadonlyArray<Row>> =>
  canMount() ? [await siblings(8, 512 * mebibyte), ...(await move(4 * 1024 ** 3))] : []
