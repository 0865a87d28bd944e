import { Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { dirname, display, fromBytes, join, toBytes } from "../../platform/BytePath.ts"
import { bytes, count } from "../../platform/Text.ts"
import { Disk } from "../../services/Disk.ts"
import { accessSync, constants, readdirSync, realpathSync, statSync } from "node:fs"
import { type Check, ok, problem, warning } from "./check.ts"

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : String(cause)

const may = (path: string, mode: number): boolean => {
  try {
    accessSync(toBytes(path), mode)
    return true
  } catch {
    return false
  }
}

type Seen =
  | { readonly _tag: "directory" }
  | { readonly _tag: "other" }
  | { readonly _tag: "error"; readonly code: string }

const see = (path: string): Seen => {
  try {
    return { _tag: statSync(toBytes(path)).isDirectory() ? "directory" : "other" }
  } catch (cause) {
    return { _tag: "error", code: codeOf(cause) }
  }
}

const user = `user ${process.getuid?.() ?? "?"}`

/** A directory that must be there and that we write to. */
const writable = (name: string, path: string, missing: string): Check => {
  const seen = see(path)
  if (seen._tag === "other") return problem("Directories", name, `${path} is not a directory`, `Mend ${name}.`)
  if (seen._tag === "error") {
    return seen.code === "ENOENT"
      ? problem("Directories", name, `${path} does not exist`, missing)
      : problem("Directories", name, `${path}: ${seen.code}`, `Give ${user} permission to reach it.`)
  }
  return may(path, constants.R_OK | constants.W_OK | constants.X_OK)
    ? ok("Directories", name, `${path}, readable and writable`)
    : problem(
        "Directories",
        name,
        `${path} is not writable for ${user}`,
        "Change its owner, its group or its mode, or run as the service's user."
      )
}

/** One that is made when it is needed. */
const makable = (name: string, path: string): Check => {
  if (see(path)._tag !== "error") return writable(name, path, "")
  const parent = dirname(path)
  return may(parent, constants.W_OK | constants.X_OK)
    ? ok("Directories", name, `${path} will be made`)
    : problem(
        "Directories",
        name,
        `${path} does not exist and ${user} may not make it in ${parent}`,
        "Make it, writable for this user, or run as the service's user."
      )
}

const spool = (path: string): Check => {
  const seen = see(path)
  if (seen._tag === "error" && seen.code === "ENOENT") {
    return ok("Directories", "spool", `${path} will be made by the first ticket`)
  }
  if (seen._tag !== "directory") return problem("Directories", "spool", `${path} is not usable`, "Mend or remove it.")
  const mode = statSync(toBytes(path)).mode
  return (mode & 0o020) !== 0
    ? ok("Directories", "spool", `${path}, writable for its group`)
    : warning(
        "Directories",
        "spool",
        `${path} is not writable for its group`,
        "chmod 2770 it, and let qBittorrent's user be in its group."
      )
}

/** What lies in a folder that this user may not write can be uploaded, but never released. */
const releasable = (completedDir: string): ReadonlyArray<Check> => {
  if (!may(completedDir, constants.R_OK)) return []
  const locked = readdirSync(toBytes(completedDir), { withFileTypes: true, encoding: "buffer" })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(completedDir, fromBytes(entry.name)))
    .filter((path) => !may(path, constants.W_OK | constants.X_OK))
  return locked.length === 0
    ? []
    : [
        problem(
          "Directories",
          "payloads",
          `${count(locked.length, "item")} in completedDir, such as ${display(locked[0] ?? "")}, may not be written by ${user}: cleanup could not release ${locked.length === 1 ? "it" : "them"}`,
          "Let the group that qBittorrent and this user share write them: docs/options.md, qbittorrent.enable, has the commands."
        )
      ]
}

/** An empty folder where items are expected is a disk that is not mounted. */
const mounted = (path: string, expected: number): ReadonlyArray<Check> => {
  if (expected === 0 || !may(path, constants.R_OK)) return []
  return readdirSync(toBytes(path)).length > 0
    ? []
    : [
        problem(
          "Directories",
          "mount",
          `${path} is empty although ${expected} items are expected in it`,
          "Mount its disk. Until then nothing is released."
        )
      ]
}

const apart = (roots: ReadonlyArray<readonly [string, string]>): ReadonlyArray<Check> => {
  const real = roots.flatMap(([name, path]) => {
    try {
      return [[name, realpathSync(path)] as const]
    } catch {
      return []
    }
  })
  return real.flatMap(([name, path], index) =>
    real
      .slice(index + 1)
      .flatMap(([other, otherPath]) =>
        path === otherPath || path.startsWith(`${otherPath}/`) || otherPath.startsWith(`${path}/`)
          ? [
              problem(
                "Directories",
                other,
                `through symlinks it lies with ${name} (${otherPath}, ${path})`,
                "Give each a directory of its own."
              )
            ]
          : []
      )
  )
}

const room = Effect.fnUntraced(function* (name: string, path: string, reserve: number) {
  const disk = yield* Disk
  const free = yield* disk.freeBytes(path)
  if (free._tag !== "Known") return []
  return free.value >= reserve
    ? [ok("Directories", `${name} disk`, `${bytes(free.value)} free`)]
    : [
        warning(
          "Directories",
          `${name} disk`,
          `${bytes(free.value)} free, ${bytes(reserve)} must stay free`,
          "Make room, or lower upload.extract.reserveBytes. Archives are not extracted until then."
        )
      ]
})

/** `expected`: items that the database believes to lie in `completedDir`. */
export const directories = Effect.fnUntraced(function* (expected: number) {
  const config = yield* AppConfig
  const { completedDir, extractedDir: extracted, stateDir, upload } = config
  const extractedHome = see(extracted)._tag === "directory" ? extracted : dirname(extracted)
  return [
    makable("stateDir", stateDir),
    spool(join(stateDir, "spool")),
    writable("completedDir", completedDir, "Mount its disk, or mend completedDir."),
    ...mounted(completedDir, expected),
    ...releasable(completedDir),
    ...(upload.extract.enable ? [makable("extractedDir", extracted)] : []),
    ...apart([
      ["stateDir", stateDir],
      ["completedDir", completedDir],
      ["extractedDir", extracted]
    ]),
    ...(yield* room("completedDir", completedDir, 0)),
    ...(upload.extract.enable ? yield* room("extractedDir", extractedHome, upload.extract.reserveBytes) : [])
  ]
})
