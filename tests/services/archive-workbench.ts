import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { assert } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { archiveSets } from "../../src/domain/archives.ts"
import { fromBytes, join, toBytes } from "../../src/platform/BytePath.ts"
import { Archive, type Extraction } from "../../src/services/Archive.ts"
import { type ArchiveOptions, layer } from "../../src/services/Archive/layer.ts"

export const environment = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: process.env["HOME"] ?? "/" }

/** Every path below `directory` that is not a directory, with what it is; sorted. */
export const walk = (directory: string): ReadonlyArray<string> =>
  readdirSync(toBytes(directory), { encoding: "buffer" })
    .flatMap((name) => {
      const path = fromBytes(name)
      const stats = lstatSync(toBytes(join(directory, path)))
      return stats.isDirectory() ? walk(join(directory, path)).map((below) => join(path, below)) : [path]
    })
    .toSorted()

export const sha1 = (content: Buffer) => createHash("sha1").update(content).digest("hex")

export interface Workbench {
  /** Everything of the test; a sentinel for "nothing was written elsewhere". */
  readonly root: string
  /** The item: what a torrent brought. */
  readonly item: string
  readonly into: string
  readonly discarded: Array<string>
  readonly extract: (options?: Partial<ArchiveOptions>) => Effect.Effect<Extraction>
  readonly read: (path: string) => Buffer
}

/** A directory for an item and one for what is extracted from it; the archive service over both, with its options. */
export const workbench = (name = "item"): Effect.Effect<Workbench, never, Scope.Scope> =>
  Effect.gen(function* () {
    const root = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(`${tmpdir()}/media-pipeline-archive-`)),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const item = join(join(root, "completed"), name)
    const into = join(join(root, "extracted"), name)
    mkdirSync(toBytes(item), { recursive: true })
    mkdirSync(join(root, "extracted"))
    const discarded: Array<string> = []
    const discard = (directory: string) =>
      Effect.sync(() => {
        discarded.push(directory)
        if (directory.startsWith(`${root}/extracted/`)) rmSync(directory, { recursive: true })
      })
    const extract: Workbench["extract"] = (options) =>
      Effect.gen(function* () {
        const archive = yield* Archive
        const originals = walk(item)
        return yield* archive.extract({ root: item, sets: archiveSets(originals), originals, into })
      }).pipe(
        Effect.provide(layer({ extractor: "auto", reserveBytes: 0, depth: 1, discard, environment, ...options }), {
          local: true
        }),
        Effect.orDie
      )
    return { root, item, into, discarded, extract, read: (path) => readFileSync(toBytes(join(into, path))) }
  })

/** Makes an archive with a real program, from within `directory`. */
export const pack = (directory: string, program: string, ...args: ReadonlyArray<string>) => {
  execFileSync(program, [...args], { cwd: directory, env: environment, stdio: ["ignore", "ignore", "inherit"] })
}

/** A directory of two plain files to pack, outside of the item. */
export const plainFiles = ({ root }: Workbench) => {
  const directory = `${root}/plain`
  mkdirSync(`${directory}/Sub`, { recursive: true })
  writeFileSync(`${directory}/a b.txt`, "hello")
  writeFileSync(`${directory}/Sub/movie.mkv`, Buffer.alloc(300_000, "movie!"))
  return directory
}

/** What must hold after every extraction, however it ended: no staging left, nothing written beside it. */
export const leftovers = ({ into, root }: Workbench): ReadonlyArray<string> =>
  readdirSync(root)
    .filter((name) => name !== "completed" && name !== "extracted" && name !== "plain")
    .concat(
      readdirSync(`${root}/extracted`, { encoding: "buffer" })
        .map(fromBytes)
        .filter((name) => join(`${root}/extracted`, name) !== into)
    )

/** The one set of the item fails for this reason, and leaves the originals as they were and nothing else. */
export const failsWith = Effect.fnUntraced(function* (
  bench: Workbench,
  options: Parameters<Workbench["extract"]>[0],
  ...tags: ReadonlyArray<string>
) {
  const before = walk(bench.item).map((path) => [path, statSync(`${bench.item}/${path}`).size])
  const result = yield* bench.extract(options)
  assert.include(tags, result.failures[0]?.reason._tag, result.failures[0]?.message)
  assert.deepStrictEqual(result.files, [])
  assert.deepStrictEqual(leftovers(bench), [])
  assert.notInclude(readdirSync(`${bench.root}/extracted`), "item")
  assert.deepStrictEqual(
    walk(bench.item).map((path) => [path, statSync(`${bench.item}/${path}`).size]),
    before
  )
  return result.failures[0]
})
