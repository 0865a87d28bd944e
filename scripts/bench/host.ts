import { spawn } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Measured, run } from "./measure.ts"
import { makePlace } from "./place.ts"

interface Item {
  readonly name: string
  readonly files: ReadonlyArray<{ readonly name: string; readonly size: number }>
}

const here = import.meta.dirname
const bundle = join(here, "../../dist/media-pipeline.mjs")
/** As in bin/media-pipeline. */
const flags = ["--max-semi-space-size=4"]

/** A host for one measurement: a client with these items (a fake one, in its own process) and a place for the worker. */
export class Host {
  readonly root = makePlace("")
  readonly completed = join(this.root, "completed")
  #stopClient: () => void = () => undefined

  constructor() {
    mkdirSync(this.completed)
    mkdirSync(join(this.root, "state"))
  }

  async client(items: ReadonlyArray<Item>): Promise<string> {
    const list = join(this.root, "torrents.json")
    const torrents = items.map((item) => ({
      name: item.name,
      savePath: this.completed,
      files: item.files.map((file) => ({
        name: item.files.length === 1 ? file.name : `${item.name}/${file.name}`,
        size: file.size
      }))
    }))
    writeFileSync(list, JSON.stringify({ torrents, bypassLocalhost: true }))
    const child = spawn(process.execPath, [join(here, "../../tests/fakes/qbittorrent-main.ts"), list], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    this.#stopClient = () => child.kill()
    const line = await new Promise<string>((resolve) =>
      child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString()))
    )
    const { url } = JSON.parse(line)
    return String(url)
  }

  configure(url: string, remote: string, rcloneConfig: string, over: object = {}) {
    const rcloneConfigFile = join(this.root, "rclone.conf")
    writeFileSync(rcloneConfigFile, rcloneConfig, { mode: 0o600 })
    const config = {
      stateDir: join(this.root, "state"),
      qbittorrent: { url },
      completedDir: this.completed,
      upload: { remote, rcloneConfigFile, extract: { reserveBytes: 0 } },
      cleanup: {},
      ...over
    }
    writeFileSync(join(this.root, "config.json"), JSON.stringify(config))
    return rcloneConfigFile
  }

  worker(...args: ReadonlyArray<string>): Promise<Measured> {
    const env = { ...process.env, NODE_COMPILE_CACHE: join(here, "../../dist/cache") }
    return run(process.execPath, [...flags, bundle, "--config", join(this.root, "config.json"), ...args], env)
  }

  /** As qBittorrent's completion hook leaves it. */
  ticket() {
    const hash = "0".repeat(40)
    mkdirSync(join(this.root, "state/spool"), { recursive: true })
    writeFileSync(join(this.root, "state/spool", `${hash}.json`), JSON.stringify({ hash, at: Date.now() }))
  }

  forget() {
    rmSync(join(this.root, "state"), { recursive: true })
    mkdirSync(join(this.root, "state"))
  }

  stop() {
    this.#stopClient()
    rmSync(this.root, { recursive: true, force: true })
  }
}
