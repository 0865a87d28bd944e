import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { globSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { findLibrary } from "../../scripts/nix/evaluate.ts"
import { checkout, evaluateNix, hasNix, record, text } from "./evaluation.ts"

const read = (file: string) => readFileSync(join(checkout, file), "utf8")
const nix = hasNix("the flake is neither parsed nor evaluated; its lock is checked")
const library = findLibrary()
if (nix && "missing" in library) console.warn(`packaging: the flake's outputs are not evaluated: ${library.missing}`)

const systems = ["aarch64-linux", "x86_64-linux"]
const release = /github:(\w+)\/(\w+)\/([\w.-]+)/.exec(read("flake.nix"))

describe("flake.lock", () => {
  it("is what Nix writes for the one input", () => {
    assert.isNotNull(release)
    const [, owner, repo, ref] = release
    const lock: unknown = JSON.parse(read("flake.lock"))
    const locked = record(lock, "nodes", "nixpkgs", "locked")
    assert.deepStrictEqual(lock, {
      nodes: {
        nixpkgs: { locked, original: { owner, ref, repo, type: "github" } },
        root: { inputs: { nixpkgs: "nixpkgs" } }
      },
      root: "root",
      version: 7
    })
    const { lastModified, narHash, rev, ...rest } = locked
    assert.deepStrictEqual(rest, { owner, repo, type: "github" })
    assert.match(String(rev), /^[0-9a-f]{40}$/)
    assert.match(String(narHash), /^sha256-[A-Za-z0-9+/]{43}=$/)
    assert.isAbove(Number(lastModified), Date.UTC(2026, 4) / 1000)
    assert.strictEqual(read("flake.lock"), `${JSON.stringify(lock, null, 2)}\n`, "Nix would rewrite it")
  })
})

describe.skipIf(!nix)("Nix", () => {
  it("parses every file", () => {
    const files = globSync(["*.nix", "nix/**/*.nix", "tests/**/*.nix"], { cwd: checkout })
    assert.isAbove(files.length, 10)
    for (const file of files) execFileSync("nix-instantiate", ["--parse", file], { cwd: checkout, stdio: "pipe" })
  })

  it("finds one input", () => {
    assert.deepStrictEqual(evaluateNix("(import ./flake.nix).inputs"), {
      nixpkgs: { url: release?.[0] }
    })
  })
})

describe.skipIf(!nix || "missing" in library)("the flake's outputs", () => {
  const outputs =
    nix && "path" in library
      ? evaluateNix(join(checkout, "tests/packaging/outputs.nix"), { libPath: library.path })
      : undefined

  it("are those of a flake that others build on", () => {
    assert.deepStrictEqual(record(outputs)["names"], [
      "apps",
      "checks",
      "devShells",
      "formatter",
      "nixosModules",
      "overlays",
      "packages",
      "templates"
    ])
    assert.deepStrictEqual(record(outputs)["modules"], ["default", "mediaPipeline"])
    assert.deepStrictEqual(record(outputs)["overlay"], ["media-pipeline"])
    for (const [name, found] of Object.entries(record(outputs, "eachSystem"))) {
      assert.deepStrictEqual(found, systems, name)
    }
    assert.deepStrictEqual(readdirSync(text(outputs, "template", "path")).includes("flake.nix"), true)
  })

  it.each(systems)("have packages, apps, checks, a shell and a formatter for %s", (system) => {
    const found = record(outputs, "systems", system)
    assert.deepStrictEqual(Object.keys(record(found, "packages")), ["default", "demo", "image", "media-pipeline"])
    const apps = record(found, "apps")
    assert.deepStrictEqual(Object.keys(apps), ["default", "demo"])
    for (const name of Object.keys(apps)) {
      assert.strictEqual(text(apps, name, "type"), "app")
      assert.match(text(apps, name, "program"), /^\/nix\/store\/[^/]+\/bin\/media-pipeline(?:-demo)?$/)
    }
    assert.deepStrictEqual(Object.keys(record(found, "checks")), [
      "closure",
      "demo",
      "format",
      "image",
      "package",
      // Effect's checker is published for x86_64 alone.
      ...(system === "x86_64-linux" ? ["static"] : []),
      "tests",
      "vm-test"
    ])
    assert.strictEqual(text(found, "shell", "MEDIA_PIPELINE_TOOLS_FROM_PATH"), "1")
    assert.strictEqual(text(found, "formatter"), "nixfmt-tree")
    assert.deepInclude(found["build"], { pname: "media-pipeline", mainProgram: "media-pipeline" })
    assert.includeMembers(listed(found, "build", "platforms"), systems)
  })

  const listed = (value: unknown, ...path: ReadonlyArray<string>): Array<unknown> => {
    const inner = record(value, ...path.slice(0, -1))[path.at(-1) ?? ""]
    if (!Array.isArray(inner)) throw new Error(`${path.join(".")} is not a list`)
    return inner
  }

  it("build with the bundler alone, and test with everything", () => {
    for (const system of systems) {
      const bundled = Object.keys(record(outputs, "systems", system, "build", "sources", "packageLock", "packages"))
      assert.include(bundled, "node_modules/esbuild")
      assert.notInclude(bundled, "node_modules/vitest")
      assert.includeMembers(listed(outputs, "systems", system, "build", "whole"), [...bundled, "node_modules/vitest"])
    }
  })

  it("make an image of the package, its version and its user, which is not root", () => {
    for (const system of systems) {
      const found = record(outputs, "systems", system)
      const image = record(found, "image")
      const version = text(found, "build", "version")
      assert.deepInclude(image, { imageName: "media-pipeline", imageTag: version })
      assert.deepStrictEqual(listed(image, "config", "Cmd"), [text(found, "apps", "default", "program")])
      assert.strictEqual(text(image, "config", "User"), "10001:10001")
      assert.deepStrictEqual(image["contents"], [`media-pipeline-${version}`, "ca-certificates", "fake-nss"])
    }
  })

  it("test every folder of tests/ but the one that boots a system", () => {
    const script = text(outputs, "systems", "x86_64-linux", "scripts", "tests")
    const folders = readdirSync(join(checkout, "tests"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
    for (const folder of folders) {
      assert.strictEqual(new RegExp(`tests/${folder}\\b`).test(script), folder !== "system", folder)
    }
    // Names of tests that cannot run as they are there: each must still be one.
    const left = /\(\?!\.\*\(([^)]*)\)/.exec(script)?.[1]?.split("|") ?? []
    assert.isAbove(left.length, 0)
    const sources = globSync("tests/services/*.test.ts", { cwd: checkout }).map(read)
    for (const name of left)
      assert.isTrue(
        sources.some((source) => source.includes(name)),
        name
      )
  })

  it("give a host the flake's package without an overlay, and the VM test a configuration without problems", () => {
    assert.match(text(outputs, "virtualMachine", "package"), /^media-pipeline-\d/)
    assert.deepStrictEqual(record(outputs, "virtualMachine")["problems"], [])
    assert.deepStrictEqual(record(outputs, "virtualMachine")["warnings"], [])
    assert.includeMembers(listed(outputs, "virtualMachine", "services"), [
      "media-pipeline-categories",
      "media-pipeline-cleanup",
      "media-pipeline-upload",
      "qbittorrent"
    ])
  })

  it("are had without flakes too", () => {
    assert.deepStrictEqual(record(outputs, "classic"), {
      package: text(outputs, "systems", "x86_64-linux", "packages", "media-pipeline"),
      overlay: ["media-pipeline"],
      modules: { default: join(checkout, "nix/module"), mediaPipeline: join(checkout, "nix/module") }
    })
  })
})
