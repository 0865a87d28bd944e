import { spawn } from "node:child_process"
import { once } from "node:events"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Schema } from "effect"
import { Host } from "./host.ts"
import { median, type Measured } from "./measure.ts"
import { makePlace } from "./place.ts"
import type { Row } from "./row.ts"

const movies = 5_000
const episodes = 40_000
const rounds = 5

const Announced = Schema.fromJsonString(
  Schema.StructWithRest(Schema.Struct({ control: Schema.String }), [Schema.Record(Schema.String, Schema.Unknown)])
)
const Calls = Schema.fromJsonString(Schema.Array(Schema.Struct({ server: Schema.String, route: Schema.String })))
const Report = Schema.fromJsonString(
  Schema.Struct({
    stopped: Schema.NullOr(Schema.String),
    share: Schema.Struct({ eligible: Schema.Natural, of: Schema.Natural })
  })
)

/** Jellyfin, Radarr, Sonarr and Seerr with a large library, as a process of their own; their answers are ready. */
const startFakes = async (place: string, titles: typeof movies, parts: typeof episodes) => {
  const file = join(place, "world.json")
  const world = {
    folder: place,
    users: ["admin", "anna", "ben"],
    validates: false,
    populate: { movies: titles, episodes: parts, watchedEach: 8 }
  }
  writeFileSync(file, JSON.stringify(world))
  const fakes = spawn(process.execPath, [join(import.meta.dirname, "../../tests/fakes/media/main.ts"), file], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  const [line] = await once(fakes.stdout, "data")
  const { control, jellyfin, radarr, seerr, sonarr } = Schema.decodeUnknownSync(Announced)(String(line))
  return { control, watched: { jellyfin, radarr, sonarr, seerr }, stop: () => fakes.kill() }
}

/** Without what went to standard error. */
const jsonIn = (output: string) => output.split("\n").find((line) => line.startsWith("{"))

const callsOf = async (control: string) =>
  Schema.decodeUnknownSync(Calls)(await (await fetch(`${control}/calls`)).text())

/** A library of 5,000 films and 40,000 episodes, an eighth of it watched, planned by the built program. */
export const watched = async (): Promise<ReadonlyArray<Row>> => {
  const host = new Host()
  const place = makePlace("watched-")
  const fakes = await startFakes(place, movies, episodes)
  try {
    host.configure("http://127.0.0.1:1", join(host.root, "remote"), "", { watched: fakes.watched })
    const runs: Array<Measured> = []
    // The build threw away what Node keeps of compiled code.
    await host.worker("--json", "watched", "--dry-run")
    for (let round = 0; round < rounds; round += 1) runs.push(await host.worker("--json", "watched", "--dry-run"))
    const { share, stopped } = Schema.decodeUnknownSync(Report)(jsonIn(runs[0]?.output ?? ""))
    if (stopped !== null || share.eligible === 0) throw new Error(`no plan was made: ${stopped ?? "nothing eligible"}`)
    const calls = await callsOf(fakes.control)
    const all = rounds + 1
    const by = new Map<string, number>()
    for (const { route, server } of calls) by.set(`${server} ${route}`, (by.get(`${server} ${route}`) ?? 0) + 1)
    for (const [route, number] of by) process.stderr.write(`  ${(number / all).toFixed(0).padStart(5)} ${route}\n`)
    const what = `watched, ${movies} films and ${episodes} episodes`
    const detail = `${share.eligible} of ${share.of} titles eligible`
    return [
      { what, value: median(runs.map(({ wall }) => wall)) / 1000, goal: 3, unit: "s", detail },
      { what, value: Math.max(...runs.map(({ own }) => own)), goal: 200, unit: "MiB", detail: "peak resident" },
      {
        what,
        value: calls.length / all,
        goal: (movies + episodes) / 50,
        unit: "calls",
        detail: "to all services, not one an item"
      }
    ]
  } finally {
    fakes.stop()
    host.stop()
    rmSync(place, { recursive: true, force: true })
  }
}
