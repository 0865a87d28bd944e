import { Effect, Result } from "effect"
import type { Evidence, FileEvidence } from "../../src/domain/deletion.ts"
import { known } from "../../src/domain/fact.ts"
import { Disk } from "../../src/services/Disk.ts"
import { Gate } from "../../src/services/Gate.ts"
import type { Rig } from "../workflows/cleanup-rig.ts"

type LocalCopy = Extract<Evidence, { _tag: "LocalCopy" }>

export const pass = (rig: Rig, evidence: Evidence) =>
  rig.run(Effect.result(Effect.flatMap(Gate, (gate) => gate.pass(evidence))))

export const proven = (rig: Rig, path: string) =>
  rig
    .run(
      Effect.flatMap(Disk, (disk) =>
        Effect.map(disk.hash(path, null), ({ fence, sha1 }): FileEvidence => {
          const size = Number(fence.size)
          const replica = known({ path: "x", size, hash: sha1 }, "remote", Date.now())
          return { path, fence, size, hash: sha1, sha1, proof: "hash", replica }
        })
      )
    )
    .pipe(Effect.orDie)

export const met = { name: "torrents", met: true, value: "none", threshold: "none", source: "test", metAt: null }

export const localCopy = Effect.fnUntraced(function* (rig: Rig, name: string, files: ReadonlyArray<string>) {
  const evidence: LocalCopy = {
    _tag: "LocalCopy",
    item: rig.path(name),
    root: rig.path(name),
    rootless: false,
    roots: [rig.completed],
    files: yield* Effect.forEach(files, (file) => proven(rig, rig.path(file))),
    claims: known([], "qBittorrent", Date.now()),
    conditions: [met],
    quarantine: null
  }
  return evidence
})

export const tree = Effect.fnUntraced(function* (rig: Rig) {
  rig.write("Show/a.mkv")
  rig.write("Show/sub/b.mkv")
  return yield* localCopy(rig, "Show", ["Show/a.mkv", "Show/sub/b.mkv"])
})

export const leftOf = (result: Result.Result<{ readonly left: ReadonlyArray<{ readonly path: string }> }, unknown>) =>
  Result.isSuccess(result) ? result.success.left.map(({ path }) => path.slice(path.lastIndexOf("/") + 1)) : undefined

export const refusals = (result: Result.Result<unknown, { readonly _tag: string; readonly message: string }>) =>
  Result.isFailure(result) ? `${result.failure._tag}: ${result.failure.message}` : "allowed"
