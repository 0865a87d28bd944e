import { Effect, Exit, Schema } from "effect"
import { createHash } from "node:crypto"
import { readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { parse } from "../../src/config/load.ts"
import { evaluate, root, type Stored } from "./evaluate.ts"
import { optionsPage } from "./options-page.ts"

/** Paths relative to the checkout, and what is to be in them. */
export type Files = ReadonlyMap<string, string>

export const goldenDir = "tests/nix/golden"
export const optionsFile = "docs/options.md"
export const refresh = "node scripts/nix/golden.ts"

const Texts = Schema.Record(Schema.String, Schema.String)
const Rendered = Schema.Struct({
  units: Texts,
  aliases: Texts,
  config: Schema.Unknown,
  tmpfiles: Schema.String,
  cli: Schema.String,
  host: Schema.Unknown,
  problems: Schema.Array(Schema.String)
})
const decodeRendered = Schema.decodeUnknownSync(Rendered)

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

export const cases = (): ReadonlyArray<string> =>
  readdirSync(join(root, "tests/nix/cases"))
    .filter((name) => name.endsWith(".nix"))
    .map((name) => name.slice(0, -4))
    .toSorted()

/** Such a configuration is there for what is said about it; the others are right, and there for what they render. */
export const isWrong = (name: string) => name.startsWith("wrong-")

/** What the build of config.json would say: there the worker reads it. */
const checkAtBuild = (config: string): ReadonlyArray<string> => {
  const exit = Effect.runSyncExit(Effect.flip(parse("config.json", Buffer.from(config))))
  return Exit.isSuccess(exit) ? [`build: ${exit.value.message}`] : []
}

const storedFiles = (stored: ReadonlyArray<Stored>): Files => {
  const files = new Map<string, string>()
  for (const { kind, name, text } of stored) {
    const path = kind === "file" ? `store/${name}` : `build/${name}.sh`
    const before = files.get(path)
    if (before !== undefined && before !== text) throw new Error(`two different files are called ${name} in the store`)
    files.set(path, text)
  }
  return files
}

/** What a configuration renders, by path below its own directory. */
const renderCase = async (libPath: string, name: string): Promise<Files> => {
  const evaluation = await evaluate(libPath, `case.${name}`)
  if (!evaluation.ok) return new Map([["problems.txt", `${evaluation.message}\n`]])
  const rendered = decodeRendered(evaluation.value)
  const config = json(rendered.config)
  const problems = [...rendered.problems, ...checkAtBuild(config)]
  const said: Files = new Map(
    problems.length === 0 ? [] : [["problems.txt", `${problems.map((one) => one.trim()).join("\n\n")}\n`]]
  )
  if (isWrong(name)) return said
  return new Map([
    ...Object.entries(rendered.units).map(([unit, text]) => [`units/${unit}`, text] as const),
    ["aliases.json", json(rendered.aliases)],
    ["config.json", config],
    ["tmpfiles.conf", rendered.tmpfiles],
    ["cli.sh", rendered.cli],
    ["host.json", json(rendered.host)],
    ...storedFiles(evaluation.stored),
    ...said
  ])
}

const value = async (libPath: string, attribute: string): Promise<unknown> => {
  const evaluation = await evaluate(libPath, attribute)
  if (!evaluation.ok) throw new Error(`${attribute} cannot be evaluated: ${evaluation.message}`)
  return evaluation.value
}

const filesBelow = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .toSorted()

/** Of all that the golden files are made from. */
export const digest = (): string => {
  const hash = createHash("sha256")
  const sources = [...filesBelow("nix"), ...filesBelow("tests/nix").filter((file) => file.endsWith(".nix"))]
  for (const file of sources)
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(root, file)))
      .update("\0")
  return `${hash.digest("hex")}\n`
}

/** Everything that is committed of what the module renders, as it should be. */
export const expected = async (libPath: string): Promise<Files> => {
  const files = new Map<string, string>()
  for (const name of cases()) {
    for (const [path, text] of await renderCase(libPath, name)) files.set(join(goldenDir, name, path), text)
  }
  files.set(join(goldenDir, "options.json"), json(await value(libPath, "settings")))
  files.set(join(goldenDir, "digest"), digest())
  files.set(optionsFile, optionsPage(await value(libPath, "options")))
  return files
}

/** What is committed now. */
export const committed = (): Files =>
  new Map(
    [...filesBelow(goldenDir), ...filesBelow("docs").filter((file) => file === optionsFile)].map((file) => [
      file,
      readFileSync(join(root, file), "utf8")
    ])
  )

const firstDifference = (is: string, should: string): string => {
  const before = is.split("\n")
  const after = should.split("\n")
  const at = after.findIndex((line, index) => line !== before[index])
  const line = at === -1 ? after.length : at
  return `line ${line + 1}: is "${before[line] ?? ""}", should be "${after[line] ?? ""}"`
}

export const differences = (is: Files, should: Files): ReadonlyArray<string> =>
  [...new Set([...is.keys(), ...should.keys()])].toSorted().flatMap((file) => {
    const [before, after] = [is.get(file), should.get(file)]
    if (before === after) return []
    if (before === undefined) return [`${file} is missing`]
    if (after === undefined) return [`${file} should not be there any more`]
    return [`${file} ${firstDifference(before, after)}`]
  })
