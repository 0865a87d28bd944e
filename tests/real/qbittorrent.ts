import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { randomInt, randomUUID } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Data, Effect, type Scope } from "effect"
import { type Api, type ApiError, login, makeApi, send } from "./qbittorrent-api.ts"
import { renderConfig } from "./qbittorrent-config.ts"

export class QbittorrentStartError extends Data.TaggedError("QbittorrentStartError")<{
  readonly version: number
  readonly detail: string
}> {
  override get message() {
    return `qbittorrent-nox ${this.version} did not start: ${this.detail}`
  }
}

export interface QbittorrentOptions {
  readonly version: 4 | 5
  readonly username?: string
  readonly password?: string
  readonly bypassLocalhost?: boolean
  /** 5.2 and newer: "qbt_" and 28 letters or digits. */
  readonly apiKey?: string
  readonly savePath: string
  /** Where incomplete data lies; without it, at the save path. */
  readonly tempPath?: string
  /** Category to save path. */
  readonly categories?: Readonly<Record<string, string>>
  /** What "run on completion" runs. */
  readonly autorun?: string
  /** A profile to start again on; it is left in place. Without it a temporary one is made and removed. */
  readonly profileDir?: string
}

export interface Qbittorrent {
  readonly version: 4 | 5
  readonly url: string
  readonly port: number
  readonly peerPort: number
  readonly pid: number
  readonly profileDir: string
  readonly username: string
  readonly password: string
  readonly apiKey: string | undefined
  /** Logged in with the password. */
  readonly api: Api
  /** SIGTERM, then waits for the exit; SIGKILL after 10 s. */
  readonly stop: Effect.Effect<void>
  /** SIGKILL, then waits for the exit. */
  readonly kill: Effect.Effect<void>
}

/** The program of that version: as the set-up exports it, or by the name that it has on PATH. */
const programOf = (version: 4 | 5): string | undefined => process.env[`QBITTORRENT_${version}`]

/** False only in a Nix shell that has the other version alone; elsewhere a missing program fails the test. */
export const hasQbittorrent = (version: 4 | 5): boolean =>
  programOf(version) !== undefined || process.env["MEDIA_PIPELINE_TOOLS_FROM_PATH"] !== "1"

// Below the ephemeral range, where an outgoing connection of a neighbour could take the port between look and use.
const freePort = Effect.promise(async () => {
  for (;;) {
    const port = randomInt(10_000, 32_000)
    const server = createServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false))
      server.listen(port, "127.0.0.1", () => resolve(true))
    })
    if (!free) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
})

const hasExited = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

const exited = (child: ChildProcess) =>
  Effect.promise(async (signal) => {
    if (!hasExited(child)) await once(child, "exit", { signal }).catch(() => undefined)
  })

const terminate = (child: ChildProcess, signal: NodeJS.Signals) =>
  Effect.suspend(() => {
    if (!hasExited(child)) child.kill(signal)
    return exited(child)
  })

const stop = (child: ChildProcess) =>
  terminate(child, "SIGTERM").pipe(
    Effect.timeoutOrElse({ duration: "10 seconds", orElse: () => terminate(child, "SIGKILL") })
  )

const waitUntilItAnswers = (
  url: string,
  child: ChildProcess,
  logFile: string,
  version: number
): Effect.Effect<void, QbittorrentStartError> =>
  Effect.gen(function* () {
    const deadline = Date.now() + 30_000
    for (;;) {
      if (hasExited(child) || Date.now() > deadline) {
        const reason = hasExited(child) ? `exit ${child.exitCode ?? child.signalCode}` : "no answer within 30 s"
        return yield* new QbittorrentStartError({ version, detail: `${reason}\n${readFileSync(logFile, "utf8")}` })
      }
      const answered = yield* Effect.isSuccess(send(url, "app/version"))
      if (answered) return
      yield* Effect.sleep("50 millis")
    }
  })

const makeProfile = (profileDir: string | undefined) =>
  profileDir === undefined
    ? Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "qbittorrent-"))),
        (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
      )
    : Effect.succeed(profileDir)

const writeProfile = (profileDir: string, options: QbittorrentOptions, config: string) => {
  const folder = join(profileDir, "qBittorrent", "config")
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "qBittorrent.conf"), config)
  const categories = Object.entries(options.categories ?? {}).map(([name, save_path]) => [name, { save_path }])
  if (categories.length > 0) {
    writeFileSync(join(folder, "categories.json"), JSON.stringify(Object.fromEntries(categories)))
  }
}

const launch = (program: string, profileDir: string, logFile: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const log = openSync(logFile, "a")
      const child = spawn(program, [`--profile=${profileDir}`], {
        stdio: ["ignore", log, log],
        env: { ...process.env, HOME: profileDir, LC_ALL: "C.UTF-8" }
      })
      closeSync(log)
      // A program that cannot be executed is reported by waitUntilItAnswers; a test process that dies leaves nothing.
      const onExit = () => void child.kill("SIGKILL")
      child.on("error", () => undefined)
      process.once("exit", onExit)
      child.once("exit", () => process.removeListener("exit", onExit))
      return child
    }),
    stop
  )

/**
 * A real qbittorrent-nox on loopback with a profile and ports of its own, stopped and removed with the scope. It
 * listens to 127.0.0.1 only, and DHT, peer exchange, local discovery and port forwarding are off.
 */
export const startQbittorrent = (
  options: QbittorrentOptions
): Effect.Effect<Qbittorrent, QbittorrentStartError | ApiError, Scope.Scope> =>
  Effect.gen(function* () {
    const { version } = options
    const username = options.username ?? "admin"
    const password = options.password ?? randomUUID()
    const program = programOf(version) ?? `qbittorrent-nox-${version}`
    const profileDir = yield* makeProfile(options.profileDir)
    const port = yield* freePort
    const peerPort = yield* freePort
    const config = renderConfig({
      webPort: port,
      peerPort,
      username,
      password,
      bypassLocalhost: options.bypassLocalhost ?? false,
      apiKey: options.apiKey,
      savePath: options.savePath,
      tempPath: options.tempPath,
      autorun: options.autorun
    })
    writeProfile(profileDir, options, config)
    const logFile = join(profileDir, "output.log")
    const child = yield* launch(program, profileDir, logFile)
    const { pid } = child
    if (pid === undefined) return yield* new QbittorrentStartError({ version, detail: `${program} cannot be executed` })
    const url = `http://127.0.0.1:${port}`
    yield* waitUntilItAnswers(url, child, logFile, version)
    const credentials = options.bypassLocalhost === true ? {} : yield* login(url, username, password)
    return {
      version,
      url,
      port,
      peerPort,
      pid,
      profileDir,
      username,
      password,
      apiKey: options.apiKey,
      api: makeApi(url, credentials),
      stop: stop(child),
      kill: terminate(child, "SIGKILL")
    }
  })
