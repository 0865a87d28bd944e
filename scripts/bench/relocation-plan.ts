import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { linkSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { Host } from "./host.ts"
import { median } from "./measure.ts"
import { canMount, Disks } from "./relocation-disks.ts"
import type { Row } from "./row.ts"

const here = import.meta.dirname

const folders = 10_000
const filesEach = 20

/** A long-lived host: each torrent a folder, some linked into libraries, some on the pool. */
export const fillMany = (disks: Disks) => {
  const library = join(disks.stash, "library")
  mkdirSync(library)
  return Array.from({ length: folders }, (_, folder) => {
    const name = `Some.Title.${String(folder).padStart(5, "0")}.2024.1080p.WEB-DL.H.264-GROUP`
    const savePath = join(folder % 10 === 0 ? disks.pool : disks.stash, "seeding")
    mkdirSync(join(savePath, name))
    const files = Array.from({ length: filesEach }, (_, file) => {
      const path = `${name}.S01E${String(file).padStart(2, "0")}.mkv`
      const bytes = Buffer.alloc(16 + ((folder * filesEach + file) % 3000), `${folder}/${file} `)
      writeFileSync(join(savePath, name, path), bytes)
      if (folder % 3 === 1 && file === 0 && folder % 10 !== 0) linkSync(join(savePath, name, path), join(library, path))
      return [path, bytes.length] as const
    })
    return { hash: createHash("sha1").update(name).digest("hex"), name, savePath, files }
  })
}

/** What `relocate` takes to say what it would do, the start of the program included. */
export const plan = async (): Promise<ReadonlyArray<Row>> => {
  if (!canMount()) return []
  const host = new Host()
  const disks = new Disks(1500)
  let stop: () => void = () => undefined
  try {
    const list = join(host.root, "torrents.json")
    writeFileSync(list, JSON.stringify(fillMany(disks)))
    const child = spawn(process.execPath, [join(here, "relocation-client.ts"), list], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    stop = () => void child.kill()
    const url = await new Promise<string>((resolve) =>
      child.stdout.once("data", (chunk) => resolve(String(chunk).trim()))
    )
    host.configure(url, "/nowhere", "", disks.storage)
    await setTimeout(2500)
    await host.worker("index", "--full")
    await host.worker("relocate")
    const runs = []
    for (let round = 0; round < 3; round += 1) runs.push(await host.worker("relocate"))
    const what = "plan over 10,000 torrents, 200,000 files"
    const wall = median(runs.map((one) => one.wall))
    return [
      {
        what,
        value: wall / 1000,
        goal: 2,
        unit: "s",
        detail: runs.map((one) => `${(one.wall / 1000).toFixed(2)} s`).join(", ")
      },
      { what, value: Math.max(...runs.map((one) => one.own)), goal: 200, unit: "MiB", detail: "peak resident" }
    ]
  } finally {
    stop()
    disks.end()
    host.stop()
  }
}
