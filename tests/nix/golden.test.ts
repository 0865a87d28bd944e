import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { findLibrary } from "../../scripts/nix/evaluate.ts"
import {
  cases,
  committed,
  differences,
  digest,
  expected,
  goldenDir,
  isWrong,
  refresh
} from "../../scripts/nix/goldens.ts"
import { parse } from "../../src/config/load.ts"

const library = findLibrary()
const files = committed()
const golden = (name: string, path: string) => files.get(`${goldenDir}/${name}/${path}`)

if ("missing" in library) {
  console.warn(`the NixOS module: golden files are checked for freshness alone, not evaluated: ${library.missing}`)
}

describe("the golden files", () => {
  it("are of this module", () => {
    assert.strictEqual(files.get(`${goldenDir}/digest`), digest(), `nix/ has changed: run ${refresh} where Nix is`)
  })

  it.skipIf("missing" in library)("and the reference of the options are what it renders", async () => {
    const libPath = "path" in library ? library.path : ""
    assert.deepStrictEqual(differences(files, await expected(libPath)), [], `where that is meant, run: ${refresh}`)
  })
})

const right = cases().filter((name) => !isWrong(name))

/** Of other modules: what they want is theirs to say. */
const foreign = new Set(["qbittorrent", "jellyfin", "radarr", "sonarr", "seerr"].map((name) => `${name}.service`))

describe.each(right)("the right configuration %s", (name) => {
  const own = [...files].filter(([file]) => file.startsWith(`${goldenDir}/${name}/`))

  it("has no problems", () => {
    assert.isUndefined(golden(name, "problems.txt"))
  })

  it.effect("renders a config.json that the worker takes", () =>
    Effect.gen(function* () {
      const text = golden(name, "config.json")
      assert.isDefined(text)
      yield* parse("config.json", Buffer.from(text))
    })
  )

  it("renders units of ours, and none of them in multi-user.target", () => {
    const units = own.filter(
      ([file]) => file.includes("/units/") && !foreign.has(file.slice(file.lastIndexOf("/") + 1))
    )
    assert.isAbove(units.length, 2)
    const wanted = units.filter(([, text]) => /^(?:WantedBy|RequiredBy)=.*multi-user\.target/m.test(text))
    assert.deepStrictEqual(wanted, [])
  })
})

describe.each(cases().filter(isWrong))("the configuration %s", (name) => {
  it("is refused or warned of, in words that name what to change", () => {
    const said = golden(name, "problems.txt")
    assert.isDefined(said)
    assert.match(said, /services\.mediaPipeline\.|^build: /m)
  })
})
