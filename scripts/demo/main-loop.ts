import { Effect } from "effect"
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs"
import { startQbittorrent } from "../../tests/real/qbittorrent.ts"
import { createTorrent } from "../../tests/real/torrent.ts"
import { seedTo } from "../../tests/real/transfer.ts"
import { makePayloads } from "./payloads.ts"
import type { Stage } from "./stage.ts"

const filesBelow = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length

/** The main job from end to end, with nothing faked. Answers with what the next act goes on with. */
export const mainLoop = Effect.fnUntraced(function* ({ at, screen, worker }: Stage) {
  for (const folder of ["seeder", "qbittorrent/completed", "remote", "state"])
    mkdirSync(at(folder), { recursive: true })
  const payloads = makePayloads(at("seeder"))

  screen.step("Two qBittorrents on loopback; one seeds, the other downloads")
  const seeder = yield* startQbittorrent({ version: 4, savePath: at("seeder") })
  const client = yield* startQbittorrent({
    version: 5,
    savePath: at("qbittorrent/completed"),
    tempPath: at("qbittorrent/downloading"),
    autorun: `"${worker.program}" --config "${worker.configFile}" completed %K`
  })
  writeFileSync(at("password"), `${client.password}\n`, { mode: 0o600 })
  const config = {
    stateDir: at("state"),
    qbittorrent: { url: client.url, username: client.username, passwordFile: at("password") },
    completedDir: at("qbittorrent/completed"),
    extractedDir: at("qbittorrent/extracted"),
    categories: { "tv-sonarr": { remotePath: "tv" }, radarr: { remotePath: "movies" } },
    upload: { remote: at("remote"), extract: { reserveBytes: 0 } },
    cleanup: {}
  }
  writeFileSync(worker.configFile, JSON.stringify(config, null, 2))
  screen.check("the configuration is valid", (yield* worker.run("config", "check")) === 0)
  const hashes: Array<string> = []
  for (const payload of payloads) {
    const torrent = createTorrent({ source: at("seeder", payload.name) })
    const done = yield* seedTo({
      seeder,
      downloader: client,
      torrent,
      seederSavePath: at("seeder"),
      add: { category: payload.category }
    })
    hashes.push(torrent.infohash)
    screen.say(`downloaded ${payload.name} (${payload.what}), now ${done.state}`)
  }
  yield* Effect.sleep("1 second")
  const tickets = existsSync(at("state/spool")) ? readdirSync(at("state/spool")).length : 0
  screen.check("qBittorrent's completion hook dropped a ticket for each", tickets === payloads.length)

  screen.step("Upload: extract, send, prove, mark")
  screen.check("everything was uploaded and proven", (yield* worker.run("upload")) === 0)
  screen.tree(at("remote"))
  screen.check("the remote holds the originals and what was in the archives", filesBelow(at("remote")) === 17)
  screen.check("the extracted copies are gone again", filesBelow(at("qbittorrent/extracted")) === 0)

  screen.step("A second run has nothing to do, and says so")
  screen.check("it changed nothing", (yield* worker.run("upload")) === 0 && filesBelow(at("remote")) === 17)

  screen.step("Why is the film still here?")
  screen.check("explain answers", (yield* worker.run("explain", "A Plain Film (2026).mkv")) === 0)
  yield* worker.run("cleanup")
  screen.check(
    "a torrent that is still in qBittorrent keeps its files",
    existsSync(at("qbittorrent/completed/A Plain Film (2026).mkv"))
  )

  screen.step("The film's torrent is removed in qBittorrent, its files are not; then cleanup")
  yield* client.api.remove(hashes[1] ?? "", false)
  screen.check("cleanup ran", (yield* worker.run("cleanup")) === 0)
  screen.check("the local copy is gone", !existsSync(at("qbittorrent/completed/A Plain Film (2026).mkv")))
  screen.check("the remote copy is there", existsSync(at("remote/movies/A Plain Film (2026).mkv")))
  screen.check("the others are still here", existsSync(at("qbittorrent/completed/The Example Show S01 1080p")))

  screen.step("Status")
  screen.check("status answers", (yield* worker.run("status")) === 0)
  screen.check("and so does its JSON", typeof (yield* worker.json("status")) === "object")
  return { seeder, client, config }
})
