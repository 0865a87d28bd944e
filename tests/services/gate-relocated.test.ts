import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import {
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import type { Relocated, Staged, StagedFile } from "../../src/domain/deletionRelocated.ts"
import type { Evidence } from "../../src/domain/deletion.ts"
import { known } from "../../src/domain/fact.ts"
import type { Fence } from "../../src/domain/fence.ts"
import { entryOf } from "../../src/services/Disk/stats.ts"
import { Gate } from "../../src/services/Gate.ts"
import { has, type Rig, withRig } from "../workflows/relocate/rig.ts"

const fenceOf = (path: string): Fence => entryOf(lstatSync(path, { bigint: true })).fence
const write = (path: string, content = path) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}
const now = (rig: Rig) => Date.now() + rig.ahead

const pass = (rig: Rig, evidence: Evidence) =>
  rig.run(Effect.result(Effect.flatMap(Gate, (gate) => gate.pass(evidence))))

const reasons = (result: Result.Result<unknown, { readonly message: string }>) =>
  Result.isFailure(result) ? result.failure.message : "allowed"

/** Two names of one inode in the quarantine, and what they were moved to on the pool. */
const moved = (rig: Rig) => {
  const home = join(rig.seeds, ".media-pipeline-quarantine/saga-1")
  const names = [join(home, "Show/a"), join(home, "Show/b")]
  write(names[0] ?? "", "content")
  linkSync(names[0] ?? "", names[1] ?? "")
  mkdirSync(join(rig.seeds, "Show"))
  const path = write(join(rig.pooled, "Show/a"), "content")
  const fence = fenceOf(names[0] ?? "")
  const evidence: Relocated = {
    _tag: "Relocated",
    subject: "Show",
    roots: [rig.seeds],
    folder: "saga-1",
    until: now(rig) - 1,
    files: [
      {
        names,
        fence,
        links: 2,
        found: known({ fence, links: 2 }, "disk", now(rig)),
        replica: known({ path, fence: fenceOf(path) }, "disk", now(rig)),
        proven: fenceOf(path),
        proof: "pieces"
      }
    ],
    folders: [join(rig.seeds, "Show")],
    claims: known([], "qBittorrent", now(rig)),
    siblings: known([{ name: "Show", trouble: null }], "qBittorrent", now(rig)),
    conditions: [{ name: "quarantine", met: true, value: "", threshold: "", source: "", metAt: null }]
  }
  return { evidence, names, path }
}

describe("the source of a relocation", () => {
  it.live("goes with all its names, and the folders that held nothing else", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { evidence } = moved(rig)
        const freed = Result.getOrThrow(yield* pass(rig, evidence))
        assert.deepStrictEqual(freed, { files: 2, bytes: 7, left: [] })
        assert.deepStrictEqual(readdirSync(rig.seeds), [])
        assert.isTrue(has(join(rig.pooled, "Show/a")))
      })
    )
  )

  const kept: Record<string, (rig: Rig, it: ReturnType<typeof moved>) => void> = {
    "a link to it has come": (rig, { names }) => linkSync(names[0] ?? "", join(rig.library, "a")),
    "its replica was written to": (_, { path }) => writeFileSync(path, "CONTENT"),
    "its replica is gone": (_, { path }) => unlinkSync(path),
    "its replica was replaced by a symlink to the quarantine": (_, { names, path }) => {
      unlinkSync(path)
      symlinkSync(names[0] ?? "", path)
    },
    "its replica was replaced by another file": (_, { path }) => {
      copyFileSync(path, `${path}.new`)
      renameSync(`${path}.new`, path)
    }
  }
  for (const [what, change] of Object.entries(kept)) {
    it.live(`stays, all of it, where ${what} since the evidence was gathered`, () =>
      withRig(
        Effect.fnUntraced(function* (rig) {
          const it = moved(rig)
          change(rig, it)
          const result = yield* pass(rig, it.evidence)
          assert.isTrue(Result.isSuccess(result) && result.success.files === 0 && result.success.left.length === 2)
          assert.isTrue(it.names.every(has))
        })
      )
    )
  }

  it.live("stays where the folder is none that is configured, whatever the evidence calls it", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { evidence, names } = moved(rig)
        rig.storage = { ...rig.storage, stash: { root: rig.stash, seedingDirs: [rig.library] } }
        assert.match(reasons(yield* pass(rig, evidence)), /is no seeding directory of storage/)
        assert.isTrue(names.every(has))
      })
    )
  )

  it.live("leaves what else lies in the quarantine, and says so", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { evidence } = moved(rig)
        const own = write(join(rig.seeds, ".media-pipeline-quarantine/saga-1/Show/notes"))
        const freed = Result.getOrThrow(yield* pass(rig, evidence))
        assert.deepStrictEqual([freed.files, freed.left.map(({ path }) => path)], [2, [own]])
        assert.isTrue(has(own))
      })
    )
  )
})

describe("what a relocation made", () => {
  const staged = (rig: Rig, files: ReadonlyArray<StagedFile>): Staged => ({
    _tag: "Staged",
    subject: "Show",
    roots: [rig.pooled],
    folder: "saga-1",
    files,
    folders: [join(rig.pooled, "Show")],
    claims: known([], "qBittorrent", now(rig))
  })
  const view = (rig: Rig): StagedFile => {
    const source = write(join(rig.seeds, "Show/a"), "content")
    const path = write(join(rig.pooled, "Show/a"), "content")
    return {
      path,
      fence: fenceOf(path),
      stays: known({ path: source, expected: fenceOf(source), fence: fenceOf(source) }, "disk", now(rig))
    }
  }

  it.live("goes while its source is there; a further link on it does not matter", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const file = view(rig)
        linkSync(file.path, join(rig.pool, "donor"))
        assert.strictEqual(Result.getOrThrow(yield* pass(rig, staged(rig, [file]))).files, 1)
        assert.deepStrictEqual([readdirSync(rig.pooled), has(join(rig.pool, "donor"))], [[], true])
      })
    )
  )

  it.live("stays where its source has gone or changed meanwhile, or where another file has its name", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const file = view(rig)
        const source = join(rig.seeds, "Show/a")
        writeFileSync(source, "CONTENT!")
        const changed = Result.getOrThrow(yield* pass(rig, staged(rig, [file])))
        assert.deepStrictEqual(
          [changed.files, changed.left.map(({ why }) => why)],
          [0, ["its other copy changed in this moment"]]
        )
        unlinkSync(source)
        assert.strictEqual(Result.getOrThrow(yield* pass(rig, staged(rig, [file]))).files, 0)
        const other = view(rig)
        renameSync(other.path, `${other.path}.ours`)
        write(other.path, "theirs!")
        const replaced = Result.getOrThrow(yield* pass(rig, staged(rig, [other])))
        assert.deepStrictEqual(
          replaced.left.map(({ why }) => why),
          ["it is not what the saga put there"]
        )
        assert.isTrue(has(other.path))
      })
    )
  )
})
