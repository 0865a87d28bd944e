import { Effect } from "effect"
import { display } from "../../platform/BytePath.ts"
import { sameFilesystem } from "../../platform/Filesystem.ts"
import { type Check, ok, problem } from "./check.ts"
import type { Located } from "./storage.ts"

/** Pairs that links are made between: all directories of one side. */
const pairsOf = (located: ReadonlyArray<Located>): ReadonlyArray<readonly [Located, Located]> =>
  located.flatMap((one, index) =>
    located
      .slice(index + 1)
      .filter((other) => other.side === one.side && other.fsid === one.fsid && other.place.path !== one.place.path)
      .map((other) => [one, other] as const)
  )

/** The kernel is asked for a link that it refuses in any case, with one reason or another: nothing is made. */
export const links = Effect.fnUntraced(function* (located: ReadonlyArray<Located>) {
  const checks: Array<Check> = []
  const pairs = pairsOf(located)
  for (const [one, other] of pairs) {
    const linked = yield* Effect.result(sameFilesystem(one.place.path, other.place.path))
    if (linked._tag === "Success" && linked.success) continue
    const names = `${display(one.path)} and ${display(other.path)}`
    checks.push(
      linked._tag === "Failure"
        ? problem(
            "Storage",
            other.name,
            `whether files can be linked between ${names} cannot be told: ${display(linked.failure.why)}`,
            "Let this user write there, or run as the service's user."
          )
        : problem(
            "Storage",
            other.name,
            `${names} are one filesystem, mounted twice: the kernel links nothing between two mounts`,
            "Mount it once, above both, and give this program and qBittorrent that path (in a unit: one BindPaths for both)."
          )
    )
  }
  return checks.length > 0 || pairs.length === 0
    ? checks
    : [ok("Storage", "links", "files can be linked between the directories of each side")]
})
