import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { promisify } from "node:util"
import { Schema } from "effect"
import { B2Process } from "../fakes/b2/process.ts"
import { fill, type Kind, type Payload } from "./payload.ts"
import type { Ending } from "./points.ts"
import { rehome } from "./rehome.ts"

const execute = promisify(execFile)
const here = import.meta.dirname

/** Builds the worker with points in it, into a folder of its own. */
export const buildWorker = async (): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), "media-pipeline-crash-build-"))
  const bundle = join(folder, "worker.mjs")
  await execute(process.execPath, [join(here, "../../scripts/build.ts"), join(here, "main.ts"), bundle])
  return bundle
}

export interface Point {
  readonly label: string
  readonly nth: number
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** The points that were passed, in their order. */
  readonly passed: ReadonlyArray<string>
}

export interface Setting {
  readonly kinds: ReadonlyArray<Kind>
  readonly cleanup?: Readonly<Record<string, unknown>>
}

interface Client {
  readonly url: string
  readonly control: string
  readonly stop: () => void
}

const Announced = Schema.fromJsonString(Schema.Struct({ url: Schema.String, control: Schema.String }))
const Hashes = Schema.Array(Schema.String)

/**
 * A machine: a disk below one folder, a client and a remote as processes of their own. It can be put back to where it
 * was, at the same paths, so that one prepared state serves many runs.
 */
export class Host {
  readonly root = mkdtempSync(join(tmpdir(), "media-pipeline-crash-"))
  readonly home = join(this.root, "host")
  readonly completed = join(this.home, "completed")
  readonly extracted = join(this.home, "extracted")
  readonly state = join(this.home, "state")
  readonly canary = join(this.home, "canary")
  readonly temporary = join(this.home, "tmp")
  readonly b2: B2Process
  payloads: ReadonlyArray<Payload> = []
  readonly #bundle: string
  readonly #client: Client
  #torrents: ReadonlyArray<Payload["torrent"]> = []
  #runs = 0

  private constructor(bundle: string, b2: B2Process, client: Client) {
    this.#bundle = bundle
    this.b2 = b2
    this.#client = client
  }

  static async start(bundle: string): Promise<Host> {
    const list = join(mkdtempSync(join(tmpdir(), "media-pipeline-crash-client-")), "list.json")
    writeFileSync(list, JSON.stringify({ torrents: [], bypassLocalhost: true }))
    const child = spawn(process.execPath, [join(here, "../fakes/qbittorrent-main.ts"), list], {
      stdio: ["ignore", "pipe", "inherit"]
    })
    const [line] = await once(child.stdout, "data")
    const { control, url } = Schema.decodeUnknownSync(Announced)(String(line))
    const stop = () => {
      child.kill()
      rmSync(join(list, ".."), { recursive: true })
    }
    return new Host(bundle, await B2Process.start(), { url, control, stop })
  }

  async stop() {
    this.#client.stop()
    await this.b2.stop()
    rmSync(this.root, { recursive: true, force: true })
  }

  /** A new machine with these payloads complete, and nothing done yet. */
  async fresh({ cleanup, kinds }: Setting) {
    rmSync(this.home, { recursive: true, force: true })
    for (const folder of [this.state, this.canary, join(this.canary, "below"), this.temporary]) {
      mkdirSync(folder, { recursive: true })
    }
    const { payloads, torrents } = fill(this.completed, kinds)
    this.payloads = payloads
    this.#torrents = torrents
    for (const name of ["one", "below/two"]) writeFileSync(join(this.canary, name), `${name}\n`)
    const config = {
      stateDir: this.state,
      qbittorrent: { url: this.#client.url },
      completedDir: this.completed,
      extractedDir: this.extracted,
      categories: { "tv-sonarr": { remotePath: "tv" }, radarr: { remotePath: "movies" } },
      upload: {
        remote: `b2:${this.b2.bucket}`,
        rcloneConfigFile: join(this.home, "rclone.conf"),
        extract: { reserveBytes: 0 }
      },
      cleanup: { maxListShrink: 1, ...cleanup }
    }
    writeFileSync(join(this.home, "config.json"), JSON.stringify(config))
    writeFileSync(join(this.home, "rclone.conf"), `${this.b2.rcloneConfig()}chunk_size = 5M\nupload_cutoff = 5M\n`)
    await this.b2.reset()
    await this.seed()
  }

  async control(what: string, body?: unknown): Promise<unknown> {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
    const response = await fetch(`${this.#client.control}/${what}`, init)
    if (!response.ok) throw new Error(`the client, ${what}: ${await response.text()}`)
    return response.json()
  }

  /** The client holds every torrent, or only the one that is not complete. */
  async seed(which: "all" | "incomplete" = "all") {
    for (const hash of await this.held()) await this.control("drop", { hash })
    for (const torrent of this.#torrents) {
      if (which === "incomplete" && torrent.state !== "downloading") continue
      await this.control("add", { ...torrent, savePath: this.completed })
    }
  }

  async held(): Promise<ReadonlyArray<string>> {
    return Schema.decodeUnknownSync(Hashes)(await this.control("torrents"))
  }

  /** As if the run came `ahead` milliseconds later. */
  later(args: ReadonlyArray<string>, ahead: number) {
    return this.begin(args, { CRASH_AHEAD: String(ahead) }).ended
  }

  async worker(args: ReadonlyArray<string>, at?: Point, by: Ending = "kill"): Promise<Ended> {
    const log = join(this.root, `points-${++this.#runs}`)
    const child = this.begin(args, {
      CRASH_LOG: log,
      ...(at === undefined ? {} : { CRASH_AT: `${at.nth} ${at.label}`, CRASH_BY: by })
    })
    const ended = await child.ended
    const passed = existsSync(log) ? readFileSync(log, "utf8").split("\n").slice(0, -1) : []
    rmSync(log, { force: true })
    return { ...ended, passed }
  }

  begin(args: ReadonlyArray<string>, environment: Readonly<Record<string, string>> = {}) {
    const { HOME = "/", PATH = "" } = process.env
    const child = spawn(
      process.execPath,
      [this.#bundle, "--config", join(this.home, "config.json"), "--json", ...args],
      {
        env: {
          HOME,
          PATH,
          TMPDIR: this.temporary,
          NODE_COMPILE_CACHE: join(this.#bundle, "../compiled"),
          CRASH_ROOT: this.home,
          ...environment
        },
        stdio: ["ignore", "pipe", "pipe"]
      }
    )
    const text = { stdout: "", stderr: "" }
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text.stdout += chunk))
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk))
    const ended = new Promise<Omit<Ended, "passed">>((resolve, reject) => {
      child.once("error", reject)
      child.once("close", (code, signal) => resolve({ code, signal, ...text }))
    })
    return { child, ended }
  }

  /** Sets aside what is on the disk now, for `restoreDisk`; the database knows its inodes. */
  saveDisk(): string {
    const kept = mkdtempSync(join(this.root, "kept-"))
    renameSync(this.home, join(kept, "host"))
    return kept
  }

  /** Puts the disk back as it was kept: other inodes at the same paths, with the database told of them. */
  async restoreDisk(kept: string) {
    rmSync(this.home, { recursive: true, force: true })
    await execute("cp", ["-a", join(kept, "host"), this.root])
    if (existsSync(join(this.state, "state.db"))) rehome(join(kept, "host"), this.home)
  }

  /**
   * What a killed worker started ends by itself, and a service is only started again when all of it has: an upload that
   * is on its way meanwhile would be sent twice.
   */
  async settled(): Promise<ReadonlyArray<string>> {
    for (let tries = 0; tries < 200 && this.leftRunning().length > 0; tries++) await setTimeout(50)
    return this.leftRunning().map(({ line }) => `BEHIND: running: ${line}`)
  }

  /** What the worker started and left behind, told by the folder in its command line. */
  leftRunning(): ReadonlyArray<{ readonly pid: number; readonly line: string }> {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")
          return line.includes(`${this.home}/`) ? [{ pid: Number(pid), line }] : []
        } catch {
          return []
        }
      })
  }
}
