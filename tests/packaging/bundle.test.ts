import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { checkout } from "./evaluation.ts"

const root = mkdtempSync(join(tmpdir(), "media-pipeline-bundle-"))
const alone = join(root, "alone")
const bundle = join(alone, "media-pipeline.mjs")
const config = join(root, "config.json")
const stateDir = join(root, "state")

/** With nothing of this checkout in reach, and nothing of this shell's environment. */
const run = (...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [bundle, "--config", config, ...args], {
    cwd: alone,
    encoding: "utf8",
    env: { PATH: "/usr/bin:/bin" }
  })
  return { code: status, stdout, stderr }
}

const unusedPort = async () => {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return address !== null && typeof address === "object" ? address.port : 1
}

beforeAll(async () => {
  mkdirSync(alone)
  mkdirSync(join(root, "completed"))
  // As nix/package.nix builds it.
  execFileSync(process.execPath, ["scripts/build.ts", "src/main.ts", bundle], {
    cwd: checkout,
    env: { ...process.env, MEDIA_PIPELINE_VERSION: "12.34.56" }
  })
  writeFileSync(
    config,
    JSON.stringify({
      stateDir,
      qbittorrent: { url: `http://127.0.0.1:${await unusedPort()}` },
      completedDir: join(root, "completed"),
      upload: { remote: join(root, "remote") }
    })
  )
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe("the bundle with nothing else beside it", () => {
  it("imports nothing but what Node has", () => {
    const text = readFileSync(bundle, "utf8")
    const imported = [
      ...text.matchAll(/^(?:import|export)\b[^"'\n;]*?\bfrom\s*["']([^"']+)["']/gm),
      ...text.matchAll(/^import\s*["']([^"']+)["']/gm),
      ...text.matchAll(/\brequire\(["']([^"']+)["']\)/g)
    ].map((match) => match[1] ?? "")
    assert.isAbove(imported.length, 10)
    assert.deepStrictEqual(
      [...new Set(imported)].filter((name) => !name.startsWith("node:")),
      []
    )
    // Parts of platform-node that scripts/build.ts leaves out, as nothing asks for them: never a package.
    const later = [...text.matchAll(/\bimport\(\s*["']([^"']+)["']\s*\)/g)].map((match) => match[1] ?? "")
    assert.deepStrictEqual(
      later.filter((name) => !name.startsWith("node:") && !name.startsWith("./")),
      []
    )
  })

  it("does not say where it was built", () => {
    const text = readFileSync(bundle, "utf8")
    assert.isFalse(text.includes(checkout))
    assert.isFalse(text.includes(root))
    assert.isTrue(text.includes("node_modules/effect/"), "the names of modules are there, and relative")
  })

  it("has the version that it was built with", () => {
    assert.deepStrictEqual(run("--version"), { code: 0, stdout: "media-pipeline 12.34.56\n", stderr: "" })
  })

  it("completes commands in three shells", () => {
    for (const shell of ["bash", "fish", "zsh"]) {
      const { code, stdout } = run("--completions", shell)
      assert.strictEqual(code, 0, shell)
      assert.match(stdout, /media-pipeline[\s\S]*cleanup/, shell)
    }
    // What zsh looks for in a file of its functions.
    assert.match(run("--completions", "zsh").stdout, /^#compdef media-pipeline\n/)
  })

  it("checks a configuration, and prints its schema", () => {
    assert.strictEqual(run("config", "check").code, 0)
    assert.include(run("config", "schema").stdout, "completedDir")
  })

  it("opens its database, and gets as far as qBittorrent", () => {
    const { code, stderr } = run("upload")
    assert.strictEqual(code, 75, stderr)
    assert.match(stderr, /qBittorrent at \S+ cannot be read/)
    assert.include(readdirSync(stateDir), "state.db")
    assert.strictEqual(run("--json", "status").code, 0)
  })

  it("leaves nothing beside itself", () => {
    assert.deepStrictEqual(readdirSync(alone), ["media-pipeline.mjs"])
  })
})
