import { spawnSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

/*
 * Everything that is checked without running the product: types, Effect's diagnostics, lint, format, and the rules of
 * the rooms. Exits with 1 when anything is wrong.
 */

const root = dirname(import.meta.dirname)
const maxLines = 350

const sources = (folder: string): ReadonlyArray<string> =>
  existsSync(join(root, folder))
    ? readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((name) => name.endsWith(".ts"))
        .map((name) => join(folder, name))
        .toSorted()
    : []

interface Import {
  readonly line: number
  /** Relative to the checkout, or a package's name. */
  readonly target: string
}

const importsOf = (file: string, text: string): ReadonlyArray<Import> =>
  [
    ...text.matchAll(
      /(?:^|\n)\s*(?:import|export)\b[^"';]*?from\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)|(?:^|\n)import "([^"]+)"/g
    )
  ].map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? ""
    return {
      line: text.slice(0, match.index).split("\n").length + (match[0].startsWith("\n") ? 1 : 0),
      target: specifier.startsWith(".") ? relative(root, resolve(root, dirname(file), specifier)) : specifier
    }
  })

const roomOf = (file: string): string => /^src\/([^/]+)\//.exec(file)?.[1] ?? ""
/** An adapter lies in a folder that has a port's name. */
const adapterOf = (file: string): string | undefined => /^src\/services\/([^/]+)\//.exec(file)?.[1]

/** Pure, and so allowed where platform is not. */
const pure = new Set(["src/platform/BytePath.ts", "src/platform/Text.ts"])

const mayImport: Readonly<Record<string, ReadonlySet<string>>> = {
  domain: new Set(["domain"]),
  config: new Set(["config", "platform"]),
  platform: new Set(["platform"]),
  services: new Set(["services", "domain", "config", "platform"]),
  state: new Set(["state", "domain", "config", "platform"]),
  workflows: new Set(["workflows", "services", "state", "domain", "config", "platform"]),
  cli: new Set(["cli", "workflows", "services", "state", "domain", "config", "platform"])
}
/** Names adapters, so that nothing else in src has to. */
const wiring = "src/layers.ts"

const breachOf = (file: string, target: string): string | undefined => {
  if (!target.startsWith("src/")) {
    return target.startsWith("tests/") ? "the product imports a test" : undefined
  }
  const room = roomOf(file)
  const adapter = adapterOf(target)
  if (file === wiring) return undefined
  if (adapter !== undefined && adapter !== adapterOf(file) && room !== "services") {
    return `only ${wiring} and tests import adapters`
  }
  if (room === "" || pure.has(target)) return undefined
  return mayImport[room]?.has(roomOf(target)) === true
    ? undefined
    : `${room} must not import ${roomOf(target) || "that"}`
}

const deleting = /\b(?:unlink|unlinkSync|rm|rmSync|rmdir|rmdirSync)\s*\(|\bfs\.remove\s*\(/

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " ")).replace(/(?<=^|\s)\/\/.*$/gm, "")

const rules = (): ReadonlyArray<string> =>
  sources("src").flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8")
    const breaches = importsOf(file, text).flatMap(({ line, target }) => {
      const why = breachOf(file, target)
      return why === undefined ? [] : [`${file}:${line}: ${why} (${target})`]
    })
    const deletions = file.startsWith("src/services/Gate/")
      ? []
      : withoutComments(text)
          .split("\n")
          .flatMap((line, index) =>
            deleting.test(line) ? [`${file}:${index + 1}: only src/services/Gate may delete: ${line.trim()}`] : []
          )
    return [...breaches, ...deletions]
  })

const lengths = (): ReadonlyArray<string> =>
  ["src", "tests", "scripts"].flatMap(sources).flatMap((file) => {
    const lines = readFileSync(join(root, file), "utf8").split("\n").length - 1
    return lines > maxLines ? [`${file}: ${lines} lines, more than ${maxLines}`] : []
  })

interface Finding {
  readonly name: string
  readonly ok: boolean
  readonly text: string
}

const program = (name: string, command: string, ...args: ReadonlyArray<string>): Finding => {
  const binary = join(root, "node_modules/.bin", command)
  const { error, status, stderr, stdout } = spawnSync(binary, args, { cwd: root, encoding: "utf8" })
  return { name, ok: status === 0, text: error === undefined ? `${stdout}${stderr}`.trim() : error.message }
}

const list = (name: string, lines: ReadonlyArray<string>): Finding => ({
  name,
  ok: lines.length === 0,
  text: lines.join("\n")
})

const steps: ReadonlyArray<() => Finding> = [
  () => list("rooms", rules()),
  () => program("format", "oxfmt", "--check", "."),
  () => program("lint", "oxlint", "--deny-warnings"),
  () => program("types", "tsc", "--project", "tsconfig.json", "--noEmit"),
  () => program("effect", "effect-tsgo", "diagnostics", "--project", "tsconfig.json", "--strict")
]

const failed = steps.filter((step) => {
  const { name, ok, text } = step()
  console.log(`${ok ? "ok    " : "FAILED"} ${name}`)
  if (!ok) console.log(text.replace(/^/gm, "  "))
  return !ok
})
const long = lengths()
if (long.length > 0) console.log(`note   long files\n${long.join("\n").replace(/^/gm, "  ")}`)
console.log(failed.length === 0 ? "all checks passed" : `${failed.length} of ${steps.length} checks failed`)
process.exitCode = failed.length === 0 ? 0 : 1
