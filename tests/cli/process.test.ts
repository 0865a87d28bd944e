import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { createServer, type Server, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type FakeQbittorrent, startFakeQbittorrent } from "../fakes/qbittorrent.ts"

/* The built program as users start it: exit codes, streams, signals. */

const checkout = join(import.meta.dirname, "../..")
const root = mkdtempSync(join(tmpdir(), "media-pipeline-process-"))
const bundle = join(root, "media-pipeline.mjs")
const completedDir = join(root, "completed")
const stateDir = join(root, "state")
const configFile = join(root, "config.json")
let qbittorrent: FakeQbittorrent
/** Takes connections and never answers. */
let silent: Server
const sockets = new Set<Socket>()

const configure = (url: string, over: object = {}) =>
  writeFileSync(
    configFile,
    JSON.stringify({ stateDir, qbittorrent: { url }, completedDir, upload: { remote: join(root, "remote") }, ...over })
  )

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const launch = (args: ReadonlyArray<string>, environment: Record<string, string> = {}) => {
  const child = spawn(process.execPath, [bundle, "--config", configFile, ...args], {
    // Without PATH there is no rclone: a command that needs none must not look for it.
    env: { PATH: "/nonexistent", ...environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = once(child, "close").then((): Ended => ({ code: child.exitCode, stdout, stderr }))
  return { child, ended }
}
const run = (args: ReadonlyArray<string>, environment?: Record<string, string>) => launch(args, environment).ended

beforeAll(async () => {
  execFileSync(process.execPath, [join(checkout, "scripts/build.ts"), join(checkout, "src/main.ts"), bundle])
  mkdirSync(completedDir)
  mkdirSync(join(root, "remote"))
  qbittorrent = await startFakeQbittorrent({ bypassLocalhost: true })
  silent = createServer((socket) => sockets.add(socket)).listen(0, "127.0.0.1")
  await once(silent, "listening")
})

afterAll(async () => {
  await qbittorrent.stop()
  for (const socket of sockets) socket.destroy()
  silent.close()
  rmSync(root, { recursive: true, force: true })
})

const silentUrl = () => {
  const address = silent.address()
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`
}

describe("the built program", () => {
  it("is one file that says its version", async () => {
    const { code, stderr, stdout } = await run(["--version"])
    assert.deepStrictEqual({ code, stderr }, { code: 0, stderr: "" })
    assert.match(stdout, /^media-pipeline \d+\.\d+\.\d+\n$/)
  })

  it("says errors on standard error and nothing on standard output", async () => {
    const { code, stderr, stdout } = await run(["uplod"])
    assert.deepStrictEqual({ code, stdout }, { code: 64, stdout: "" })
    assert.match(stderr, /^error: Unknown subcommand "uplod".*Did you mean upload\?/)
    assert.notMatch(stderr, /\u001b/)
  })

  it("exits 78 for a wrong file, also as JSON, and 75 for a client that is not there", async () => {
    writeFileSync(configFile, "{")
    assert.strictEqual((await run(["upload"])).code, 78)
    const json = await run(["--json", "upload"])
    assert.strictEqual(JSON.parse(json.stdout).error.exitCode, 78)
    configure("http://127.0.0.1:9")
    const refused = await run(["upload"])
    assert.strictEqual(refused.code, 75)
    assert.match(refused.stderr, /cannot be read.*Nothing further was changed/s)
  })

  it("with nothing to do starts no rclone and ends at once", async () => {
    configure(qbittorrent.url)
    const { code, stdout } = await run(["upload"])
    assert.strictEqual(code, 0)
    assert.match(stdout, /^nothing to upload: there are no completed items\n$/)
  })

  it("without rclone exits 78 and says so", async () => {
    configure(qbittorrent.url, { extractedDir: join(root, "extracted") })
    const film = join(completedDir, "film.mkv")
    writeFileSync(film, "film")
    utimesSync(film, new Date(0), new Date(0))
    qbittorrent.add({ name: "film.mkv", savePath: completedDir, files: [{ name: "film.mkv", size: 4 }] })
    const { code, stderr } = await run(["upload"])
    assert.strictEqual(code, 78, stderr)
    assert.match(stderr, /rclone/)
    assert.isFalse(existsSync(`${film}.uploaded`))
  })

  it("stopped by SIGTERM exits 143 and leaves no lock; by SIGINT 130", async () => {
    configure(silentUrl())
    for (const [signal, expected] of [
      ["SIGTERM", 143],
      ["SIGINT", 130]
    ] as const) {
      const waiting = once(silent, "connection")
      const { child, ended } = launch(["upload"])
      await waiting
      child.kill(signal)
      const { code, stderr } = await ended
      assert.strictEqual(code, expected)
      assert.match(stderr, new RegExp(`stopped by ${signal}; nothing is lost`))
    }
    configure("http://127.0.0.1:9")
    assert.notMatch((await run(["upload"])).stderr, /holds/)
  })

  it("two at once: the second exits 75 and names the first", async () => {
    configure(silentUrl())
    const waiting = once(silent, "connection")
    const first = launch(["upload"])
    await waiting
    const second = await run(["upload"])
    first.child.kill("SIGTERM")
    await first.ended
    assert.strictEqual(second.code, 75)
    assert.include(second.stderr, `(process ${first.child.pid}) is still at work`)
  })

  it("under systemd gives every line its priority", async () => {
    configure("http://127.0.0.1:9")
    const { stderr } = await run(["upload"], { JOURNAL_STREAM: "8:1" })
    assert.match(stderr, /^<3>qBittorrent at /m)
    for (const line of stderr.trimEnd().split("\n")) assert.match(line, /^<[2-7]>/)
  })

  it("does not mind a reader that goes away", async () => {
    const { child, ended } = launch(["config", "schema"])
    child.stdout.destroy()
    assert.notMatch((await ended).stderr, /EPIPE|Error/)
  })
})
