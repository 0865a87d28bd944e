import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { cgroupRoot, discardCgroup, discardStale, findInit, prefix } from "./processes.ts"
import { sidRoot } from "./root.ts"

export interface Answer {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly user?: "media-pipeline" | "qbittorrent" | "stranger"
  readonly input?: string | Buffer
  readonly timeoutMillis?: number
}

export interface WaitOptions {
  readonly timeoutMillis?: number
  readonly everyMillis?: number
}

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

const collect = (child: ChildProcess, { input, timeoutMillis = 60_000 }: RunOptions): Promise<Answer> =>
  new Promise((resolve, reject) => {
    let stdout = ""
    let stderr = ""
    const timer = setTimeout(() => {
      child.kill("SIGKILL")
      // What it has started inside lives on, and holds the other ends.
      child.stdout?.destroy()
      child.stderr?.destroy()
      stderr += `\nkilled after ${timeoutMillis / 1000} s`
    }, timeoutMillis)
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text))
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text))
    child.once("error", reject)
    child.once("close", (code) => {
      clearTimeout(timer)
      resolve({ code: code ?? -1, stdout, stderr })
    })
    // A command that does not read its input ends before all of it is written.
    child.stdin?.on("error", () => undefined)
    child.stdin?.end(input)
  })

const groups = { "media-pipeline": "media", qbittorrent: "media", stranger: "stranger" } as const

/** A booted Debian sid of which nothing remains. */
export class Machine {
  readonly #supervisor: ChildProcess
  readonly #init: number
  readonly #cgroup: string
  readonly #folder: string
  readonly #console: () => string

  private constructor(supervisor: ChildProcess, init: number, cgroup: string, folder: string, console: () => string) {
    this.#supervisor = supervisor
    this.#init = init
    this.#cgroup = cgroup
    this.#folder = folder
    this.#console = console
  }

  /** `prepare` puts files into a folder that is laid over the root. */
  static async boot(prepare: (stage: string) => void | Promise<void>): Promise<Machine> {
    const root = sidRoot()
    await discardStale()
    const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))
    const cgroup = join(cgroupRoot(), folder.slice(folder.lastIndexOf("/") + 1))
    const at = (name: string) => join(folder, name)
    try {
      mkdirSync(at("mount"))
      mkdirSync(at("stage"))
      await prepare(at("stage"))
    } catch (cause) {
      rmSync(folder, { recursive: true, force: true })
      throw cause
    }
    const script = join(import.meta.dirname, "supervisor.sh")
    const supervisor = spawn(
      "setpriv",
      // Neither this process nor the booted one outlives the tests', however those end.
      ["--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child", "--mount", "--mount-proc"].concat([
        "--propagation",
        "private",
        "sh",
        script,
        root,
        at("stage"),
        at("mount"),
        cgroup
      ]),
      { stdio: ["ignore", "pipe", "pipe"] }
    )
    let output = ""
    for (const stream of [supervisor.stdout, supervisor.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => (output += text))
    }
    supervisor.on("error", (cause) => (output += cause.message))
    const pid = supervisor.pid ?? 0
    try {
      const deadline = Date.now() + 60_000
      for (;;) {
        if (ended(supervisor) || pid === 0 || Date.now() > deadline) throw new Error(`nothing was booted: ${output}`)
        const init = findInit(pid)
        if (init !== undefined) {
          const machine = new Machine(supervisor, init, cgroup, folder, () => output)
          const { stdout } = await machine.run("systemctl is-system-running --wait")
          if (/^(?:running|degraded)/.test(stdout)) return machine
        }
        await sleep(50)
      }
    } catch (cause) {
      if (!ended(supervisor)) supervisor.kill("SIGKILL")
      await sleep(100)
      await discardCgroup(cgroup)
      rmSync(folder, { recursive: true, force: true })
      throw cause
    }
  }

  /** Where a file of the machine is found from here; good for anything but absolute symbolic links. */
  path(absolute: string): string {
    return `/proc/${this.#init}/root${absolute}`
  }

  /** Runs a shell's command line inside, by default as root, outside of every unit. */
  run(command: string, options: RunOptions = {}): Promise<Answer> {
    const { user } = options
    const as = user === undefined ? [] : ["setpriv", `--reuid=${user}`, `--regid=${groups[user]}`, "--clear-groups"]
    const enter = ["--target", String(this.#init), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
    const child = spawn("nsenter", [...enter, "--", ...as, "sh", "-c", command], {
      stdio: "pipe",
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C.UTF-8", TZ: "UTC" }
    })
    return collect(child, options)
  }

  /** Standard output of a command that has to succeed. */
  async ok(command: string, options: RunOptions = {}): Promise<string> {
    const { code, stderr, stdout } = await this.run(command, options)
    if (code !== 0) throw new Error(`${command}: exit ${code}\n${stdout}${stderr}`)
    return stdout.trim()
  }

  /** The answer of `look` as soon as it is neither undefined nor false. */
  async waitFor<A>(what: string, look: () => Promise<A | undefined | false>, options: WaitOptions = {}): Promise<A> {
    const { everyMillis = 100, timeoutMillis = 30_000 } = options
    const deadline = Date.now() + timeoutMillis
    for (;;) {
      const found = await look()
      if (found !== undefined && found !== false) return found
      if (Date.now() > deadline) {
        throw new Error(
          `${what}: not within ${timeoutMillis / 1000} s\n${await this.journal(undefined, 40)}${this.#console()}`
        )
      }
      await sleep(everyMillis)
    }
  }

  /** Properties of a unit. */
  async show(unit: string, ...properties: ReadonlyArray<string>): Promise<Record<string, string>> {
    const text = await this.ok(`systemctl show '${unit}' ${properties.map((name) => `-p ${name}`).join(" ")}`)
    return Object.fromEntries(
      text.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])
    )
  }

  /** The journal's last lines, of one unit or of all, those of systemd about it included. */
  async journal(unit?: string, lines = 400): Promise<string> {
    const only = unit === undefined ? "" : `-u '${unit}'`
    const { stdout } = await this.run(`journalctl --no-pager -q -o short-precise -n ${lines} ${only}`)
    return stdout
  }

  async powerOff(): Promise<void> {
    if (!ended(this.#supervisor)) {
      const exit = once(this.#supervisor, "exit")
      // What tests leave running need not be stopped in order.
      await this.run("systemctl poweroff --force", { timeoutMillis: 5_000 })
      const timer = setTimeout(() => this.#supervisor.kill("SIGKILL"), 10_000)
      await exit
      clearTimeout(timer)
    }
    await discardCgroup(this.#cgroup)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
