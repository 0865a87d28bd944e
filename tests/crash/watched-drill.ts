import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startWorld, type World } from "../fakes/media/world.ts"
import { begin, type Point, told } from "../real/relocation-worker.ts"
import { distinct } from "./drill.ts"

const day = 86_400_000

export const buildWorker = (folder: string): string => {
  const bundle = join(folder, "worker.mjs")
  const entry = join(import.meta.dirname, "watched-main.ts")
  execFileSync(process.execPath, [join(import.meta.dirname, "../../scripts/build.ts"), entry, bundle])
  return bundle
}

/** What has to be there, whatever happens; and what has to go, each as a whole. */
interface Library {
  readonly world: World
  readonly root: string
  readonly stays: ReadonlyMap<string, string>
  readonly goes: ReadonlyArray<{ readonly name: string; readonly files: ReadonlyArray<string> }>
}

export interface Drill {
  readonly settings?: Readonly<Record<string, unknown>>
  /** Milliseconds that the clock of the run that falls, and of those after it, is ahead. */
  readonly ahead?: number
  readonly prepare?: (library: Library, run: (ahead: number) => Promise<void>) => Promise<void>
  /** What goes wrong in the run that falls, and not after it. */
  readonly trouble?: (world: World) => void
  /** Which of the points passed are tried; all by default. */
  readonly choose?: (points: ReadonlyArray<Omit<Point, "by">>) => ReadonlyArray<Omit<Point, "by">>
}

const files = (paths: ReadonlyArray<string | null>): ReadonlyArray<string> => paths.flatMap((path) => path ?? [])

const makeLibrary = async (settings: Readonly<Record<string, unknown>>): Promise<Library> => {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "media-pipeline-watched-crash-")))
  mkdirSync(join(root, "state"))
  const world = await startWorld({ validates: false, users: ["admin", "anna"] })
  const then = Date.now() - 10 * day
  const seen = { watchedBy: { admin: then } }
  const film = world.movie({ title: "Going", ...seen, requestedBy: "admin" })
  const show = world.series({
    title: "Show",
    status: "ended",
    seasons: { 0: { episodes: 1, ...seen }, 1: { episodes: 3, ...seen }, 2: 2 }
  })
  const half = world.series({
    title: "Half",
    status: "ended",
    seasons: { 1: { episodes: [{ episode: 1, ...seen }, { episode: 2 }] } }
  })
  const stays = new Map(
    [
      ["a favourite", world.movie({ title: "Loved", ...seen, favouriteOf: ["anna"] }).path],
      ["a kept one", world.movie({ title: "Kept", ...seen, tags: ["keep"] }).path],
      ["one that was not watched", world.movie({ title: "Unseen" }).path],
      ["one that is downloaded anew", world.movie({ title: "Queued", ...seen, queued: true }).path],
      ...half.season(1).episodes.map(({ path }, at) => [`part ${at} of a half-watched season`, path]),
      ...show.season(2).episodes.map(({ path }, at) => [`part ${at} of a season that was not watched`, path])
    ].flatMap(([what, path]) => (what == null || path == null ? [] : [[what, path] as const]))
  )
  const { seerr, ...services } = world.config()
  const watched = {
    dryRun: false,
    ...services,
    seerr: typeof seerr === "object" ? { ...seerr, closeRequests: true } : seerr,
    maxEligibleShare: 1,
    ...settings
  }
  const config = {
    stateDir: join(root, "state"),
    qbittorrent: { url: "http://127.0.0.1:1" },
    completedDir: join(root, "completed"),
    upload: { remote: join(root, "remote") },
    cleanup: {},
    watched
  }
  writeFileSync(join(root, "config.json"), JSON.stringify(config))
  const parts = (season: number) => files(show.season(season).episodes.map(({ path }) => path))
  return {
    world,
    root,
    stays,
    goes: [
      { name: "Going", files: files([film.path]) },
      { name: "Show, season 1", files: parts(1) },
      { name: "Show's special", files: parts(0) }
    ]
  }
}

/** What was done that must never be. */
const breaches = ({ goes, stays, world }: Library): ReadonlyArray<string> => [
  ...[...stays].flatMap(([what, path]) => (existsSync(path) ? [] : [`${what} is gone`])),
  ...goes.flatMap(({ files: all, name }) => {
    const left = all.filter((path) => existsSync(path)).length
    return left === 0 || left === all.length ? [] : [`${name} is half gone`]
  }),
  // An arr that would look for it again brings it back.
  ...[...world.state.arrs.values()].flatMap((arr) => [
    ...[...arr.movies.values()].flatMap((one) =>
      one.fileId === 0 && one.monitored ? [`${one.title} has no file, and is monitored`] : []
    ),
    ...[...arr.episodes.values()].flatMap((one) =>
      one.fileId === 0 && one.monitored ? [`an episode of season ${one.season} has no file, and is monitored`] : []
    )
  ])
]

const rowsOf = ({ root }: Library) => {
  const database = new DatabaseSync(join(root, "state/state.db"), { readOnly: true })
  const rows = database.prepare("SELECT title, state FROM retirements ORDER BY id").all()
  const open = database.prepare("SELECT step FROM journal WHERE outcome IS NULL").all()
  database.close()
  return { rows, open }
}

/** What is not finished: everything that could go is gone, recorded once, and monitored is what has files. */
const unfinished = (library: Library): ReadonlyArray<string> => {
  const { goes, world } = library
  const { open, rows } = rowsOf(library)
  const retired = rows.filter(({ state }) => state === "retired")
  const unmonitored = [...world.state.arrs.values()].flatMap((arr) =>
    [...arr.movies.values(), ...arr.episodes.values()].filter((one) => one.fileId !== 0 && !one.monitored)
  )
  return [
    ...goes.flatMap(({ files: all, name }) => (all.some((path) => existsSync(path)) ? [`${name} is still there`] : [])),
    ...(retired.length === goes.length ? [] : [`${retired.length} retirements for ${goes.length} titles`]),
    ...rows.flatMap(({ state, title }) => (state === "retired" || state === "undone" ? [] : [`${title} is ${state}`])),
    ...open.map(({ step }) => `the journal has an open ${step}`),
    ...unmonitored.map(({ id }) => `${id} has a file, and is not monitored any more`),
    ...(world.state.seerr.requests.size === 0 ? [] : ["the request is not closed"])
  ]
}

const runOf = async (bundle: string, { root }: Library, ahead: number, at?: Point) =>
  begin(bundle, root, ["watched"], {
    env: { CRASH_AHEAD: String(ahead) },
    ...(at === undefined ? {} : { at })
  }).ended

const changesOf = ({ world }: Library) => [...world.servers.values()].flatMap((server) => server.changes())

const ready = async (bundle: string, { prepare, settings = {} }: Drill) => {
  const library = await makeLibrary(settings)
  await prepare?.(library, async (ahead) => {
    const ended = await runOf(bundle, library, ahead)
    if (ended.code !== 0) throw new Error(`the run before ${told(ended)}`)
  })
  return library
}

const end = async ({ root, world }: Library) => {
  await world.close()
  rmSync(root, { recursive: true, force: true })
}

/** One run to the end, one with nothing to do; answers what was not as it must be. */
const complete = async (bundle: string, library: Library, ahead: number): Promise<ReadonlyArray<string>> => {
  const next = await runOf(bundle, library, ahead)
  const found = next.code === 0 ? [] : [`the next run ${told(next)}`]
  found.push(...breaches(library), ...unfinished(library))
  for (const server of library.world.servers.values()) server.forget()
  const third = await runOf(bundle, library, ahead)
  if (third.code !== 0) found.push(`the third run ${told(third)}`)
  found.push(...changesOf(library).map(({ route }) => `the third run still does ${route}`))
  found.push(...breaches(library), ...unfinished(library))
  return found
}

const fall = async (bundle: string, drill: Drill, at: Point): Promise<ReadonlyArray<string>> => {
  const library = await ready(bundle, drill)
  try {
    drill.trouble?.(library.world)
    const fallen = await runOf(bundle, library, drill.ahead ?? 0, at)
    for (const server of library.world.servers.values()) server.heal()
    const found = fallen.signal === "SIGKILL" ? [] : [`the run that was to fall ${told(fallen)}`]
    // Between deletion and record nothing is watched for any more.
    found.push(...breaches(library), ...(await complete(bundle, library, drill.ahead ?? 0)))
    return found.map((what) => `killed at ${at.nth}. ${at.label}: ${what}`)
  } finally {
    await end(library)
  }
}

/** Nothing has changed since the point before. */
const same = /^Gate\..* (?:before|after)$|^(?:Retirements|Journal)\..* before$|^Runs\./

/** Once undisturbed, and then once for each point that it passed. */
export const run = async (bundle: string, drill: Drill) => {
  const whole = await ready(bundle, drill)
  drill.trouble?.(whole.world)
  const undisturbed = await runOf(bundle, whole, drill.ahead ?? 0)
  const code = drill.trouble === undefined ? 0 : 1
  const found = undisturbed.code === code ? [] : [`the undisturbed run ${told(undisturbed)}`]
  found.push(...breaches(whole), ...(drill.trouble === undefined ? unfinished(whole) : []))
  await end(whole)
  const points = distinct(undisturbed.passed).filter(({ label }) => !same.test(label))
  const chosen = drill.choose?.(points) ?? points
  const falls = found.length === 0 ? chosen.map((point): Point => ({ ...point, by: "kill" })) : []
  const waiting = [...falls]
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      found.push(...(await fall(bundle, drill, next)))
    }
  }
  await Promise.all([lane(), lane(), lane()])
  return { falls, found }
}
