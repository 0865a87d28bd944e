import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFileSync, spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { findLibrary } from "../../scripts/nix/evaluate.ts"
import { checkout, evaluateNix, record, text } from "./evaluation.ts"

/*
 * The phases of nix/package.nix and nix/demo.nix, as Nix evaluates them, run in bash: nothing else can tell here that
 * they build.
 */

const library = findLibrary()
if ("missing" in library) console.warn(`packaging: what nix/package.nix installs is not tried: ${library.missing}`)
const root = mkdtempSync(join(tmpdir(), "media-pipeline-install-"))
const out = join(root, "out")
const build = join(root, "build")
const program = join(out, "bin/media-pipeline")

const inBuild = (script: string, output: string) =>
  execFileSync("bash", ["-c", `. ${join(checkout, "tests/packaging/builder.sh")}\n${script}`], {
    cwd: build,
    encoding: "utf8",
    env: { ...process.env, out: output },
    stdio: "pipe"
  })

describe.skipIf("missing" in library)("what Nix installs", () => {
  let outputs: unknown
  /** Store paths that are only named here become what they stand for. */
  const real = (script: string) =>
    script
      .replaceAll(/\/nix\/store\/[^/]+-nodejs-slim_24\/bin\/node/g, process.execPath)
      .replaceAll(/\/nix\/store\/[^/]+-scripts\//g, `${join(checkout, "nix/scripts")}/`)
      .replaceAll(/\/nix\/store\/[^/]+-media-pipeline-\d[^/]*\//g, `${out}/`)

  beforeAll(() => {
    outputs = evaluateNix(join(checkout, "tests/packaging/outputs.nix"), {
      libPath: "path" in library ? library.path : ""
    })
    mkdirSync(build)
    for (const name of ["package.json", "package-lock.json", "tsconfig.json", "src", "scripts/build.ts"]) {
      cpSync(join(checkout, name), join(build, name), { recursive: true })
    }
    symlinkSync(join(checkout, "node_modules"), join(build, "node_modules"))
    const phases = record(outputs, "systems", "x86_64-linux", "build")
    inBuild(real(text(phases, "buildPhase")), out)
    inBuild(real(text(phases, "installPhase")), out)
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  it("is the bundle, the programs and the completions, and no node_modules", () => {
    const files = readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(out.length + 1))
    const scripts = readdirSync(join(checkout, "nix/scripts"))
    assert.sameMembers(files, [
      "bin/media-pipeline",
      "lib/media-pipeline/media-pipeline.mjs",
      ...scripts.map((name) => `libexec/media-pipeline/${name.replace(/\.\w+$/, "")}`),
      ...scripts.filter((name) => name.endsWith(".mjs")).map((name) => `lib/media-pipeline/${name}`),
      "share/bash-completion/completions/media-pipeline.bash",
      "share/fish/vendor_completions.d/media-pipeline.fish",
      "share/zsh/site-functions/_media-pipeline"
    ])
    for (const file of files.filter((name) => name.startsWith("share/"))) {
      assert.include(readFileSync(join(out, file), "utf8"), "media-pipeline", file)
    }
  })

  it("runs, with its tools on PATH", () => {
    const version = text(JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")), "version")
    assert.strictEqual(execFileSync(program, ["--version"], { encoding: "utf8" }), `media-pipeline ${version}\n`)
    const wrapper = readFileSync(program, "utf8")
    for (const tool of ["rclone", "unar", "7zz", "util-linux"]) assert.include(wrapper, `-${tool}/bin`)
    assert.include(wrapper, "--max-semi-space-size=4")
  })

  it("has the hook that qBittorrent calls, under a name without an extension", () => {
    const spool = join(root, "spool")
    mkdirSync(spool)
    const hook = join(out, "libexec/media-pipeline/completed")
    assert.strictEqual(spawnSync(hook, [spool, "a".repeat(40)]).status, 0)
    assert.deepStrictEqual(readdirSync(spool), [`${"a".repeat(40)}.json`])
    assert.strictEqual(spawnSync(hook, [spool, "x"]).status, 64)
  })

  it("has what sets qBittorrent's password, with the flags of its first line", () => {
    const script = join(out, "libexec/media-pipeline/qbittorrent-password")
    assert.match(readFileSync(script, "utf8"), /node --jitless /)
    const conf = join(root, "qBittorrent.conf")
    writeFileSync(conf, "[Preferences]\n")
    mkdirSync(join(root, "credentials"))
    writeFileSync(join(root, "credentials/qbittorrent.passwordFile"), "a secret\n")
    execFileSync(script, [conf], { env: { ...process.env, CREDENTIALS_DIRECTORY: join(root, "credentials") } })
    assert.match(readFileSync(conf, "utf8"), /^WebUI\\Password_PBKDF2="@ByteArray\(/m)
  })

  it("has a demo that finds the worker", () => {
    for (const name of ["scripts/demo", "tests/fakes", "tests/real"]) {
      cpSync(join(checkout, name), join(build, name), { recursive: true })
    }
    const demo = join(root, "demo")
    inBuild("node scripts/build.ts scripts/demo/main.ts demo.mjs", demo)
    inBuild(real(text(outputs, "systems", "x86_64-linux", "scripts", "demo")), demo)
    assert.strictEqual(spawnSync(join(demo, "bin/media-pipeline"), ["--version"]).status, 0)
    // Where it looks: scripts/demo/main.ts says ../../bin beside itself.
    const bundle = readFileSync(join(demo, "lib/media-pipeline-demo/demo.mjs"), "utf8")
    assert.match(bundle, /import\.meta\.dirname, "\.\.\/\.\.\/bin\/media-pipeline"/)
    assert.match(readFileSync(join(demo, "bin/media-pipeline-demo"), "utf8"), /QBITTORRENT_4='[^']+qbittorrent-nox'/)
  })
})
