import { Effect, Result } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { isComplete, type Torrent } from "../../domain/torrents.ts"
import { display, isWithin } from "../../platform/BytePath.ts"
import { count } from "../../platform/Text.ts"
import { Disk } from "../../services/Disk.ts"
import { Remote } from "../../services/Remote.ts"
import { TorrentClient } from "../../services/TorrentClient.ts"
import { type Check, ok, problem, warning } from "./check.ts"
import { shownRemote } from "../../domain/remoteName.ts"

const oldest = [4, 5] as const

const versionCheck = (text: string): Check => {
  const [major = 0, minor = 0] = text.replace(/^v/, "").split(".").map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
    ? ok("qBittorrent", "log-in", `${text} answers`)
    : problem("qBittorrent", "version", `${text} is too old`, `Install qBittorrent ${oldest.join(".")} or newer.`)
}

/** A completed torrent's files must be where the client says, seen from here. */
const sentinel = Effect.fnUntraced(function* (torrents: ReadonlyArray<Torrent>) {
  const disk = yield* Disk
  const { completedDir } = yield* AppConfig
  const complete = torrents.filter(isComplete).slice(0, 20)
  if (complete.length === 0) return ok("qBittorrent", "paths", "no completed torrent to look for yet")
  const absent: Array<string> = []
  for (const { contentPath } of complete) {
    if ((yield* disk.stat(contentPath))._tag !== "Known") absent.push(contentPath)
  }
  const [first] = absent
  if (first !== undefined) {
    return problem(
      "qBittorrent",
      "paths",
      `${absent.length} of ${count(complete.length, "completed torrent")} not found here, such as ${display(first)}`,
      "If qBittorrent sees other paths than this host (a container), set qbittorrent.pathMap; else mount the disk and let this user read it."
    )
  }
  return complete.some(({ contentPath }) => isWithin(contentPath, completedDir))
    ? ok("qBittorrent", "paths", `${count(complete.length, "completed torrent")} found where qBittorrent says`)
    : warning(
        "qBittorrent",
        "paths",
        `no completed torrent lies in ${completedDir}; one is at ${display(complete[0]?.contentPath ?? "")}`,
        "Mend completedDir, or qBittorrent's default save path."
      )
})

export const client = Effect.gen(function* () {
  const service = yield* TorrentClient
  const version = yield* Effect.result(service.version)
  if (Result.isFailure(version)) {
    return [problem("qBittorrent", "log-in", version.failure.message, "Until then nothing is uploaded or released.")]
  }
  const torrents = yield* Effect.result(service.torrents)
  return Result.isFailure(torrents)
    ? [versionCheck(version.success), problem("qBittorrent", "list", torrents.failure.message, "See its log.")]
    : [
        versionCheck(version.success),
        ok("qBittorrent", "list", count(torrents.success.length, "torrent")),
        yield* sentinel(torrents.success)
      ]
})

export const remote = Effect.gen(function* () {
  const service = yield* Remote
  const { upload } = yield* AppConfig
  const info = yield* Effect.result(service.info)
  if (Result.isFailure(info)) {
    const { failure } = info
    const [detail, remedy] =
      failure._tag === "RemoteSetupError"
        ? [failure.why, `${failure.remedy}.`]
        : [failure.message, "Until then nothing is uploaded or released."]
    return [problem("Remote", shownRemote(upload.remote), detail, remedy)]
  }
  const { backend, claimedFrom, hash, rclone } = info.success
  const claim =
    claimedFrom === Infinity || upload.verify !== "metadata"
      ? []
      : [
          warning(
            "Remote",
            "verify",
            "large files are believed on rclone's word",
            'Set upload.verify to "sampled", or "readback": the remote checks only the hashes of small files itself.'
          )
        ]
  return [
    ok("Remote", "rclone", rclone),
    hash === null
      ? warning(
          "Remote",
          shownRemote(upload.remote),
          `reached (${backend}); it reports no hash that we can compute`,
          "Every upload has to be read back to be proven, which takes time and traffic."
        )
      : ok("Remote", shownRemote(upload.remote), `reached (${backend}), reports ${hash.toUpperCase()}`),
    ...claim
  ]
})
