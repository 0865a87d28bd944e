import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { existsSync, writeFileSync } from "node:fs"
import { startWorldWith } from "../../tests/fakes/media/bare-world.ts"
import type { Qbittorrent } from "../../tests/real/qbittorrent.ts"
import { createTorrent } from "../../tests/real/torrent.ts"
import { seedTo, waitForTorrent } from "../../tests/real/transfer.ts"
import type { Stage } from "./stage.ts"

const day = 86_400_000
const mebibyte = 1024 * 1024
const name = "A Watched Film (2026).mkv"

interface After {
  readonly seeder: Qbittorrent
  readonly client: Qbittorrent
  readonly config: Readonly<Record<string, unknown>>
}

/** A library that was watched ten days ago, but for what its title says. */
const fill = (world: Awaited<ReturnType<typeof startWorldWith>>, payload: string, hash: string) => {
  const watchedBy = { admin: Date.now() - 10 * day }
  const seen = { watchedBy, year: 2026, file: { size: 8 * mebibyte } }
  const film = world.movie({
    ...seen,
    title: "A Watched Film",
    file: { hardlinkOf: payload, size: 24 * mebibyte, hash }
  })
  const playing = world.movie({ ...seen, title: "The Film That Is On" })
  world.play(playing.item, "anna")
  for (const title of ["Nobody Saw This", "Nor This", "Not This One", "Unseen", "Untouched", "Later"]) {
    world.movie({ title, year: 2026, file: { size: mebibyte } })
  }
  const half = world.series({
    title: "Half of It",
    status: "ended",
    seasons: { 1: { episodes: [{ episode: 1, watchedBy }, { episode: 2 }, { episode: 3 }] } }
  })
  const show = world.series({
    title: "Seen to the End",
    status: "ended",
    seasons: { 1: { episodes: 3, watchedBy }, 2: 2 }
  })
  const pathsOf = (season: ReturnType<typeof show.season>) => season.episodes.map(({ path }) => path ?? "")
  return {
    film: film.path ?? "",
    season: pathsOf(show.season(1)),
    stays: {
      "the favourite": [world.movie({ ...seen, title: "Anna's Favourite", favouriteOf: ["anna"] }).path ?? ""],
      "the one with the keep tag": [world.movie({ ...seen, title: "One to Keep", tags: ["keep"] }).path ?? ""],
      "the one that somebody plays": [playing.path ?? ""],
      "the half-watched season": pathsOf(half.season(1)),
      "the season that nobody has watched": pathsOf(show.season(2))
    }
  }
}

const all = (paths: ReadonlyArray<string>, there: boolean) => paths.every((path) => existsSync(path) === there)

/** A watched film goes through Radarr, a season through Sonarr, and then the torrent of the film. */
export const watchedTitles = Effect.fnUntraced(function* ({ at, screen, worker }: Stage, after: After) {
  const { client, config, seeder } = after
  screen.step("Another film is downloaded, uploaded, and watched")
  screen.say("Jellyfin, Radarr, Sonarr and Seerr are played by stand-ins; qBittorrent and rclone are real.")
  writeFileSync(at("seeder", name), randomBytes(24 * mebibyte))
  const torrent = createTorrent({ source: at("seeder", name) })
  const { infohash } = torrent
  yield* seedTo({ seeder, downloader: client, torrent, seederSavePath: at("seeder"), add: { category: "radarr" } })
  const payload = at("qbittorrent/completed", name)
  const world = yield* Effect.acquireRelease(
    Effect.promise(() => startWorldWith(() => null, { folder: at("media"), users: ["admin", "anna"] })),
    ({ close }) => Effect.promise(close)
  )
  const library = fill(world, payload, infohash)
  const cleanup = { minSeedTime: "20 seconds", minRatio: 0 }
  writeFileSync(worker.configFile, JSON.stringify({ ...config, cleanup, watched: world.config() }, null, 2))
  screen.check("the new film was uploaded and proven", (yield* worker.run("upload")) === 0)
  screen.say("Radarr has it as a hardlink: one file on the disk, and two names.")

  screen.step("What would go? Nothing is touched unless --apply or watched.dryRun says so")
  screen.check("the plan was made", (yield* worker.run("watched")) === 0)
  screen.check("and nothing has changed", all([library.film, ...library.season], true))

  screen.step("Retire it: unmonitor, read back, delete through the arr, verify")
  screen.check("it went as planned", (yield* worker.run("watched", "--apply")) === 0)
  screen.check("the film has left the library", all([library.film], false))
  screen.check("the watched season has left it as a whole", all(library.season, false))
  for (const [what, paths] of Object.entries(library.stays)) screen.check(`${what} is still there`, all(paths, true))
  const deletes = world.sonarr.changes().filter(({ method }) => method === "DELETE")
  screen.check("Sonarr was called once to delete the season", deletes.length === 1)
  screen.check("the torrent's own file is still there, and seeds", existsSync(payload))

  screen.step("Why, and what is next for it?")
  screen.check("explain answers", (yield* worker.run("explain", "A Watched Film")) === 0)

  screen.step("The torrent follows once it has seeded what it owes (20 seconds here)")
  yield* worker.run("cleanup")
  screen.check("before that cleanup leaves it alone", existsSync(payload))
  yield* waitForTorrent(client, infohash, "seeded for 20 seconds", (info) => info.seeding_time > 20)
  screen.check("cleanup ran", (yield* worker.run("cleanup")) === 0)
  screen.check("the torrent is gone", (yield* client.api.torrent(infohash)) === undefined)
  screen.check("and so is its file: the disk has its room back", !existsSync(payload))
  screen.check("the remote copy is there", existsSync(at("remote/movies", name)))
  screen.check("the other torrents' files are too", existsSync(at("qbittorrent/completed/The Example Show S01 1080p")))
})
