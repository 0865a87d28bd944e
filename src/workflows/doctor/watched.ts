import { Effect, Result } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import type { WatchedConfig } from "../../config/watched.ts"
import { audienceOf } from "../../domain/watchedAudience.ts"
import { arrTitle, withoutKeepTag } from "../../domain/watchedProtections.ts"
import type { ArrName } from "../../domain/watchedWorld.ts"
import { display } from "../../platform/BytePath.ts"
import { count } from "../../platform/Text.ts"
import { Arr } from "../../services/Arr.ts"
import { Disk } from "../../services/Disk.ts"
import { MediaServer } from "../../services/MediaServer.ts"
import { Requests } from "../../services/Requests.ts"
import { isMovies } from "../watched/read-library.ts"
import { policyOf } from "../watched/policy.ts"
import { type Check, ok, problem, warning } from "./check.ts"
import { notifying } from "./watched-notify.ts"

/** Titles of each library whose files are looked for. */
const sampled = 5

const nothing = "Until then nothing is retired."

const spread = <A>(all: ReadonlyArray<A>): ReadonlyArray<A> => {
  const step = Math.max(1, all.length / sampled)
  return Array.from({ length: Math.min(sampled, all.length) }, (_, index) => all[Math.floor(index * step)]).filter(
    (one) => one !== undefined
  )
}

const jellyfin = Effect.fnUntraced(function* (watched: WatchedConfig) {
  const server = yield* MediaServer
  const { url } = watched.jellyfin
  const trouble = yield* Effect.result(server.trouble)
  if (Result.isFailure(trouble)) {
    const remedy = `See whether it runs and watched.jellyfin.url is right. ${nothing}`
    return [problem("Watched", "Jellyfin", trouble.failure.message, remedy)]
  }
  if (trouble.success !== null) {
    const remedy = `Write a key that it accepts into watched.jellyfin.apiKeyFile. ${nothing}`
    return [problem("Watched", "Jellyfin", trouble.success, remedy)]
  }
  const reached = ok("Watched", "Jellyfin", `${url} answers, and the key is right`)
  const viewers = yield* Effect.result(server.viewers)
  if (Result.isFailure(viewers)) {
    return [reached, problem("Watched", "whose watching counts", viewers.failure.message, nothing)]
  }
  const { unknown, words } = audienceOf(viewers.success, policyOf(watched))
  const names = viewers.success.map(({ name }) => name).join(", ")
  const option = watched.watchedBy === "primary" ? "watched.primaryUser" : "watched.watchedBy"
  return [
    reached,
    unknown.length === 0
      ? ok("Watched", "whose watching counts", `${words} (it has ${display(names)})`)
      : problem(
          "Watched",
          "whose watching counts",
          `Jellyfin has no user ${unknown.map((name) => `"${display(name)}"`).join(", ")}; it has ${display(names) || "none"}`,
          `Name one of these in ${option}. ${nothing}`
        )
  ]
})

/** Paths of some of its files, as this host has them. */
const samplesOf = Effect.fnUntraced(function* (name: ArrName) {
  const arr = yield* Arr
  if (isMovies(name)) {
    const files = (yield* arr.movies(name)).flatMap(({ file }) => (file === null ? [] : [file.path]))
    return spread(files)
  }
  const list = (yield* arr.seriesList(name)).filter(({ seasons }) => seasons.some(({ files }) => files > 0))
  const series = yield* Effect.forEach(spread(list), (one) => arr.series(one))
  return series.flatMap((one) => one?.files[0]?.path ?? [])
})

const visible = Effect.fnUntraced(function* (name: ArrName, paths: ReadonlyArray<string>) {
  const disk = yield* Disk
  const about = `${arrTitle[name]} paths`
  if (paths.length === 0) return ok("Watched", about, "no file to look for yet")
  const lost: Array<string> = []
  for (const path of paths) if ((yield* disk.stat(path))._tag !== "Known") lost.push(path)
  const [first] = lost
  return first === undefined
    ? ok("Watched", about, `${count(paths.length, "file")} found here where it says`)
    : warning(
        "Watched",
        about,
        `${lost.length} of ${count(paths.length, "file")} not found here, such as ${display(first)}: whether a deleted file is gone from the disk is then only its word`,
        `If it sees other paths than this host (a container), set watched.${name}.pathMap; else mount the disk and let this user read it.`
      )
})

const library = Effect.fnUntraced(function* (name: ArrName, watched: WatchedConfig) {
  const arr = yield* Arr
  const title = arrTitle[name]
  const unreachable = `See whether it runs and watched.${name}.url is right. ${nothing}`
  const trouble = yield* Effect.result(arr.trouble(name))
  if (Result.isFailure(trouble)) return [problem("Watched", title, trouble.failure.message, unreachable)]
  if (trouble.success !== null) {
    const remedy = /key/.test(trouble.success)
      ? `Write that key into watched.${name}.apiKeyFile. ${nothing}`
      : /root folder/.test(trouble.success)
        ? "Mount it, or mend it there under Settings, Media Management: it refuses to delete files without it."
        : `Mend watched.${name}.url. ${nothing}`
    return [problem("Watched", title, trouble.success, remedy)]
  }
  const checks: Array<Check> = [
    ok("Watched", title, `${watched[name]?.url ?? ""} answers, the key is right and its root folders are accessible`)
  ]
  const tags = yield* Effect.result(arr.tags(name))
  if (Result.isFailure(tags)) checks.push(problem("Watched", `${title} keep tag`, tags.failure.message, unreachable))
  else if (withoutKeepTag(new Map([[name, tags.success]]), watched.keepTag).length > 0) {
    checks.push(
      problem(
        "Watched",
        `${title} keep tag`,
        `it has no tag "${display(watched.keepTag)}"`,
        `Add the tag to any title there, or name the one that is used in watched.keepTag. ${nothing}`
      )
    )
  } else checks.push(ok("Watched", `${title} keep tag`, `"${display(watched.keepTag)}" is there`))
  const paths = yield* Effect.result(samplesOf(name))
  checks.push(
    Result.isFailure(paths)
      ? problem("Watched", `${title} paths`, paths.failure.message, unreachable)
      : yield* visible(name, paths.success)
  )
  return checks
})

const seerr = Effect.fnUntraced(function* (watched: WatchedConfig) {
  const requests = yield* Requests
  if (watched.seerr === undefined) return []
  const trouble = yield* Effect.result(requests.trouble)
  if (Result.isFailure(trouble)) {
    const remedy = `See whether it runs and watched.seerr.url is right. ${nothing}`
    return [problem("Watched", "Seerr", trouble.failure.message, remedy)]
  }
  return [
    trouble.success === null
      ? ok("Watched", "Seerr", `${watched.seerr.url} answers, and the key is right`)
      : problem("Watched", "Seerr", trouble.success, `Write such a key into watched.seerr.apiKeyFile. ${nothing}`)
  ]
})

/** What watched needs of other areas, and how it is set. */
const setting = Effect.fnUntraced(function* (watched: WatchedConfig) {
  const { cleanup } = yield* AppConfig
  const disk = yield* Disk
  const checks: Array<Check> = [
    watched.dryRun
      ? ok("Watched", "mode", "dry run: it only says what would be retired, until watched.dryRun is false")
      : ok("Watched", "mode", "live")
  ]
  if (cleanup === undefined) {
    checks.push(
      warning(
        "Watched",
        "torrents",
        "cleanup is not configured: the torrents of retired titles stay, and what they share with the library keeps its space",
        "Set cleanup, even to {}."
      )
    )
  } else if (cleanup.dryRun && !watched.dryRun) {
    checks.push(
      warning(
        "Watched",
        "torrents",
        "cleanup is a dry run: the torrents of retired titles stay, and what they share with the library keeps its space",
        "Set cleanup.dryRun to false once its plan is what you want."
      )
    )
  } else checks.push(ok("Watched", "torrents", "cleanup frees them once their obligations are met"))
  if (watched.leavingSoon !== null) {
    const { collection } = watched.leavingSoon
    const detail = watched.dryRun
      ? `"${display(collection)}" is not filled in a dry run, so no countdown begins`
      : `"${display(collection)}" is made with the first announcement`
    checks.push(ok("Watched", "collection", detail))
  }
  if (watched.pressure !== null) {
    const free = yield* disk.freeBytes(watched.pressure.path)
    if (free._tag !== "Known") {
      const detail = `the free space of ${display(watched.pressure.path)} cannot be read`
      checks.push(problem("Watched", "pressure", detail, `Mount it, or mend watched.pressure.path. ${nothing}`))
    }
  }
  return checks
})

/** Every service that watched asks, and what it takes for granted. */
export const watched = Effect.gen(function* () {
  const { watched: settings } = yield* AppConfig
  if (settings === undefined) return []
  const { configured } = yield* Arr
  const [own, media, libraries, requests] = yield* Effect.all(
    [
      setting(settings),
      jellyfin(settings),
      Effect.forEach(configured, (name) => library(name, settings), { concurrency: "unbounded" }),
      seerr(settings)
    ],
    { concurrency: "unbounded" }
  )
  const none =
    configured.length > 0
      ? []
      : [
          problem(
            "Watched",
            "libraries",
            "neither Radarr nor Sonarr is configured",
            `Set watched.radarr or watched.sonarr. ${nothing}`
          )
        ]
  return [...own, ...media, ...none, ...libraries.flat(), ...requests, ...notifying(settings)]
})
