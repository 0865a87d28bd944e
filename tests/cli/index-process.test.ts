import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { once } from "node:events"
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { setTimeout } from "node:timers/promises"

/* The built program: killed at any moment, beside others, and without permission. */

const root = mkdtempSync(join(tmpdir(), "media-pipeline-index-"))
const bundle = join(root, "media-pipeline.mjs")
const configFile = join(root, "config.json")
const stash = join(root, "stash")
const pool = join(root, "pool")
const stateDir = join(root, "state")
const nobody = 65534
/** Also for a user who may not go where ours lies. */
const node = join(root, "node")

beforeAll(() => {
  execFileSync(process.execPath, [
    join(import.meta.dirname, "../../scripts/build.ts"),
    join(import.meta.dirname, "../../src/main.ts"),
    bundle
  ])
  copyFileSync(process.execPath, node)
  chmodSync(root, 0o755)
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

const fresh = () => {
  for (const path of [stash, pool, stateDir]) rmSync(path, { recursive: true, force: true })
  mkdirSync(stash)
  mkdirSync(pool)
  const config = {
    stateDir,
    qbittorrent: { url: "http://127.0.0.1:9" },
    completedDir: join(root, "nowhere"),
    upload: { remote: join(root, "remote") },
    hashCache: { roots: [stash, pool] }
  }
  writeFileSync(configFile, JSON.stringify(config))
}

const launch = (args: ReadonlyArray<string>, uid?: number) => {
  const child = spawn(node, [bundle, "--config", configFile, "--json", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid, gid: uid })
  })
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = once(child, "close").then(() => ({
    code: child.exitCode,
    stderr,
    report: stdout === "" ? undefined : JSON.parse(stdout)
  }))
  return { child, ended }
}

const write = (path: string, content: Uint8Array) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
}

/** Content ids by path, as the database has them. */
const kept = (): ReadonlyMap<string, string> => {
  if (!existsSync(join(stateDir, "state.db"))) return new Map()
  const db = new DatabaseSync(join(stateDir, "state.db"), { readOnly: true })
  try {
    const rows: ReadonlyArray<Record<string, unknown>> = db
      .prepare(
        `SELECT CAST(e.name AS TEXT) AS name, hex(i.content) AS content FROM cache_entries e
           JOIN cache_inodes i ON i.fs = e.fs AND i.ino = e.ino WHERE i.content IS NOT NULL`
      )
      .all()
    return new Map(rows.map(({ content, name }) => [String(name), String(content).toLowerCase()]))
  } catch {
    return new Map()
  } finally {
    db.close()
  }
}

/** So many names are in the database, hashed or not; none before it is made. */
const entries = (): number => {
  try {
    const db = new DatabaseSync(join(stateDir, "state.db"), { readOnly: true })
    try {
      return Number(db.prepare("SELECT count(*) AS n FROM cache_entries").get()?.["n"])
    } finally {
      db.close()
    }
  } catch {
    return 0
  }
}

const killWhen = async (child: ChildProcess, condition: () => boolean, signal: NodeJS.Signals) => {
  while (child.exitCode === null && !condition()) await setTimeout(5)
  child.kill(signal)
}

describe("an index that is killed", { timeout: 120_000 }, () => {
  it("loses nothing that it kept, keeps nothing that is wrong, and goes on from there", async () => {
    fresh()
    const expected = new Map<string, string>()
    for (let at = 0; at < 3000; at++) {
      const content = randomBytes(at % 300 === 0 ? 24 * 1024 ** 2 : 3000)
      const name = `file ${at}`
      write(join(at % 2 === 0 ? stash : pool, `${at % 40}`, name), content)
      expected.set(name, createHash("sha256").update(content).digest("hex"))
    }
    let before = 0
    let killed = 0
    const moments: ReadonlyArray<readonly [NodeJS.Signals, () => boolean]> = [
      ["SIGKILL", () => existsSync(join(stateDir, "state.db"))],
      ["SIGKILL", () => entries() > 0],
      ["SIGTERM", () => entries() >= 3000],
      ["SIGKILL", () => kept().size > before],
      ["SIGINT", () => kept().size > before]
    ]
    for (const [signal, condition] of moments) {
      const { child, ended } = launch(["index", "--full"])
      await killWhen(child, condition, signal)
      const { code } = await ended
      if (code !== 0) killed += 1
      if (signal !== "SIGKILL" && code !== 0) assert.strictEqual(code, signal === "SIGINT" ? 130 : 143)
      const now = kept()
      assert.isAtLeast(now.size, before)
      for (const [name, content] of now) assert.strictEqual(content, expected.get(name), name)
      before = now.size
    }
    assert.isAtLeast(killed, 3)
    await setTimeout(2100)
    const { code, report } = await launch(["index", "--full"]).ended
    assert.strictEqual(code, 0)
    assert.isAtMost(report.read.files, 3000)
    assert.deepStrictEqual(new Map([...kept()].toSorted()), new Map([...expected].toSorted()))
    const again = await launch(["index", "--full"]).ended
    assert.deepInclude(again.report.read, { files: 0 })
    const db = new DatabaseSync(join(stateDir, "state.db"), { readOnly: true })
    assert.strictEqual(db.prepare("PRAGMA integrity_check").get()?.["integrity_check"], "ok")
    db.close()
  })
})

describe("an index beside others", { timeout: 60_000 }, () => {
  it("prints one document, also where the signal comes as the report leaves", async () => {
    fresh()
    write(join(stash, "a file"), randomBytes(100))
    for (let round = 0; round < 4; round++) {
      const { child, ended } = launch(["index"])
      child.stdout.once("data", () => child.kill("SIGTERM"))
      assert.isDefined((await ended).report)
    }
  })

  it("prints a large document to its end, to whoever reads it late", async () => {
    fresh()
    for (let at = 0; at < 6000; at++)
      write(join(at % 2 === 0 ? stash : pool, `${at % 40}`, `a copy ${at}`), Buffer.from("same"))
    assert.strictEqual((await launch(["index"]).ended).code, 0)
    const child = spawn(node, [bundle, "--config", configFile, "--json", "index", "--duplicates"], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    const ended = once(child, "close")
    await setTimeout(1500)
    let stdout = ""
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
    await ended
    assert.isAbove(stdout.length, 300_000)
    assert.isObject(JSON.parse(stdout))
  })

  it("has a lock of its own: a second one exits 75, an upload does not see it", async () => {
    fresh()
    write(join(stash, "large"), Buffer.alloc(0))
    truncateSync(join(stash, "large"), 6 * 1024 ** 3)
    const first = launch(["index", "--full"])
    while (entries() === 0 && first.child.exitCode === null) await setTimeout(5)
    // It is reading now, and has the database to nobody's loss.
    await setTimeout(200)
    first.child.kill("SIGSTOP")
    const [second, upload] = await Promise.all([launch(["index"]).ended, launch(["upload"]).ended])
    assert.isNull(first.child.exitCode, "it is still at work")
    first.child.kill("SIGTERM")
    first.child.kill("SIGCONT")
    assert.strictEqual((await first.ended).code, 143)
    assert.strictEqual(second.code, 75)
    assert.include(second.report.error.message, `(process ${first.child.pid}) is still at work`)
    assert.strictEqual(upload.report.error.tag, "TorrentClientUnreadable", "it came further than its lock")
  })
})

describe("an index without permission", { timeout: 60_000 }, () => {
  it("does not take for gone what it cannot read, says so, and exits 1", async () => {
    assert.strictEqual(process.getuid?.(), 0, "only root can become another user")
    fresh()
    mkdirSync(stateDir)
    chownSync(stateDir, nobody, nobody)
    for (const name of ["secret/deep/a", "open/b", "moved/c"]) write(join(stash, name), Buffer.from(name))
    await setTimeout(2100)
    assert.strictEqual((await launch(["index", "--full"], nobody).ended).code, 0)
    assert.strictEqual(kept().size, 3)
    chmodSync(join(stash, "secret"), 0)
    chmodSync(join(stash, "open/b"), 0)
    rmSync(join(stash, "moved"), { recursive: true })
    const { code, report } = await launch(["index", "--full"], nobody).ended
    assert.strictEqual(code, 1)
    const [first] = report.roots
    assert.deepInclude(first, { outcome: "incomplete", gone: 0 })
    assert.strictEqual(first.problems.length, 1)
    assert.strictEqual(first.problems[0].path, join(stash, "secret"))
    assert.match(first.problems[0].why, /EACCES/)
    assert.deepStrictEqual([...kept().keys()].toSorted(), ["a", "b", "c"])
    assert.strictEqual(
      report.read.problems[0].path,
      join(stash, "open/b"),
      "its ctime has moved, and it cannot be read"
    )
    chmodSync(join(stash, "secret"), 0o755)
    chmodSync(join(stash, "open/b"), 0o644)
    const again = await launch(["index", "--full"], nobody).ended
    assert.strictEqual(again.code, 0)
    assert.strictEqual(again.report.roots[0].gone, 1)
    assert.deepStrictEqual([...kept().keys()].toSorted(), ["a", "b"])
    assert.strictEqual(readFileSync(join(stash, "secret/deep/a"), "utf8"), "secret/deep/a")
  })
})
