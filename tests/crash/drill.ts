import { readdirSync, rmSync } from "node:fs"
import { dirname } from "node:path"
import { breaches, look, unfinished, type Whereabouts } from "./invariant.ts"
import { buildWorker, type Ended, Host, type Point, type Setting } from "./host.ts"
import type { Ending } from "./points.ts"

export interface Scenario {
  readonly setting: Setting
  /** From a new machine to where the run that is to be killed begins. */
  readonly prepare: (host: Host) => Promise<void>
  /** Whether that run begins with an empty remote. */
  readonly empty: boolean
  readonly torrents: "all" | "incomplete"
  readonly args: ReadonlyArray<string>
  /** Commands whose timers may come before it is run again. */
  readonly between?: ReadonlyArray<string>
  /** What has to run after it for all to be as it should. */
  readonly further?: ReadonlyArray<string>
  readonly where: Whereabouts | ((name: string) => Whereabouts)
  /** What the run that comes after all is done is to have done nonetheless. */
  readonly excess: (output: string) => ReadonlyArray<string>
  /** More to be asked of a machine on which all is done; `slowly` every other time. */
  readonly afterwards?: (host: Host, slowly: boolean) => Promise<ReadonlyArray<string>>
}

interface Lane {
  readonly host: Host
  readonly kept: string
}

export const tell = (what: string, { code, signal, stderr, stdout }: Omit<Ended, "passed">) =>
  `${what} ended with ${signal ?? code}: ${`${stderr}${stdout}`.trim().slice(-600)}`

const reset = async ({ host, kept }: Lane, scenario: Scenario) => {
  await host.restoreDisk(kept)
  if (scenario.empty) await host.b2.reset()
  await host.seed(scenario.torrents)
}

const further = async (host: Host, scenario: Scenario): Promise<ReadonlyArray<string>> => {
  if (scenario.further === undefined) return []
  const more = await host.worker(scenario.further)
  return more.code === 0 ? [] : [tell(scenario.further.join(" "), more)]
}

/** Longer than what was dropped by hand has to be still. */
const meanwhile = 120_000

/** Runs again until all is done, and once more; `slowly` with whatever else may run before that. */
const complete = async (host: Host, scenario: Scenario, slowly: boolean): Promise<ReadonlyArray<string>> => {
  for (const command of slowly ? (scenario.between ?? []) : []) {
    const ended = await host.later([command], meanwhile)
    const broken = breaches(host, await look(host))
    if (ended.code !== 0 || broken.length > 0) return [tell(`${command} in between`, ended), ...broken]
  }
  const again = await host.worker(scenario.args)
  const found = again.code === 0 ? [] : [tell("the next run", again)]
  found.push(...(await further(host, scenario)))
  found.push(...(await unfinished(host, scenario.where)))
  if (slowly) {
    const idle = await host.worker(scenario.args)
    if (idle.code === 0) found.push(...scenario.excess(idle.stdout).map((what) => `NOT IDLE: ${what}`))
    else found.push(tell("the run after all was done", idle))
    if (found.length === 0) found.push(...(await unfinished(host, scenario.where)))
  }
  return [...found, ...((await scenario.afterwards?.(host, slowly)) ?? [])]
}

export interface Fall extends Point {
  readonly by: Ending
  /** A second point, for the run after the first. It need not be reached. */
  readonly second?: Point
}

const name = ({ by, label, nth, second }: Fall) =>
  `${by} at ${nth}. ${label}${second === undefined ? "" : `, then at ${second.nth}. ${second.label}`}`

/** What a run that was asked to stop has left to others: processes and their sockets. */
const behind = (host: Host): ReadonlyArray<string> => [
  ...host.leftRunning().map(({ line }) => `BEHIND: running: ${line}`),
  ...readdirSync(host.temporary).map((name) => `BEHIND: ${name}`)
]

const fall = async (lane: Lane, scenario: Scenario, at: Fall): Promise<ReadonlyArray<string>> => {
  await reset(lane, scenario)
  const { host } = lane
  const fallen = await host.worker(scenario.args, at, at.by)
  const found: Array<string> = []
  // It takes as long as the extractor, and may be over before anybody has looked.
  if (fallen.code === 0 && at.label.endsWith(" midway")) return []
  const asked = at.by === "term" ? fallen.code === 143 : fallen.signal === "SIGKILL"
  if (!asked) found.push(tell("the run that was to fall", fallen))
  found.push(...breaches(host, await look(host)))
  if (at.by === "term") found.push(...behind(host))
  found.push(...(await host.settled()))
  if (at.second !== undefined) {
    const next = await host.worker(scenario.args, at.second, at.by)
    if (next.signal !== "SIGKILL" && next.code !== 0) found.push(tell("the second run", next))
    found.push(...breaches(host, await look(host)), ...(await host.settled()))
  }
  found.push(...(await complete(host, scenario, at.by !== "kill")))
  return found.map((what) => `${name(at)}: ${what}`)
}

/** Names on the disk that are passed several times differ in what was left out of them, and reading changes nothing. */
const once = /^(?:create|link|mkdir|rename|rmdir|unlink) |^Remote\.(?:info|list|read|stat) |^TorrentClient\.torrents /

/** Each name that a run passes: the first time, and the last where that may differ. */
export const distinct = (passed: ReadonlyArray<string>): ReadonlyArray<Point> => {
  const counts = new Map<string, number>()
  for (const label of passed) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].flatMap(([label, count]) =>
    count === 1 || once.test(label)
      ? [{ label, nth: 1 }]
      : [
          { label, nth: 1 },
          { label, nth: count }
        ]
  )
}

/** Two machines that work side by side. */
export class Drill {
  readonly #hosts: ReadonlyArray<Host>
  readonly #bundle: string

  private constructor(hosts: ReadonlyArray<Host>, bundle: string) {
    this.#hosts = hosts
    this.#bundle = bundle
  }

  static async start(): Promise<Drill> {
    const bundle = await buildWorker()
    return new Drill(await Promise.all([Host.start(bundle), Host.start(bundle)]), bundle)
  }

  async stop() {
    await Promise.all(this.#hosts.map((host) => host.stop()))
    rmSync(dirname(this.#bundle), { recursive: true })
  }

  /**
   * Makes the run once undisturbed, which must succeed, and then once for every fall that `choose` makes of the points
   * it passed. Tells everything that was not as it must be.
   */
  async run(scenario: Scenario, choose: (points: ReadonlyArray<Point>) => ReadonlyArray<Fall>) {
    const lanes = await Promise.all(
      this.#hosts.map(async (host): Promise<Lane> => {
        await host.fresh(scenario.setting)
        await scenario.prepare(host)
        await host.seed(scenario.torrents)
        return { host, kept: host.saveDisk() }
      })
    )
    const [first] = lanes
    if (first === undefined) throw new Error("there is no machine")
    await reset(first, scenario)
    const dry = await first.host.worker(scenario.args)
    const found = dry.code === 0 ? [] : [tell("the undisturbed run", dry)]
    found.push(...(await further(first.host, scenario)))
    found.push(...(await unfinished(first.host, scenario.where)))
    const falls = found.length === 0 ? choose(distinct(dry.passed)) : []
    const waiting = [...falls]
    await Promise.all(
      lanes.map(async (lane) => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
          found.push(...(await fall(lane, scenario, next)))
        }
      })
    )
    return { found, falls }
  }
}

/** Nothing has changed since the point before: a journal's intent, or what the disk and the database were told last. */
const same = /^Gate\.pass |^(?:Archive|Items|Spool)\..* before$/

/** Everywhere; every other time the power goes. */
export const everywhere = (points: ReadonlyArray<Point>): ReadonlyArray<Fall> =>
  points
    .filter(({ label }) => !same.test(label))
    .map((point, index) => ({ ...point, by: index % 2 === 0 ? "kill" : "cut" }))

/** Repeatable: every run of the tests draws the same. */
const draws = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
  return seed / 2 ** 32
}

/** So many pairs, the second point for the run after the first. */
export const pairs =
  (count: number, seed: number) =>
  (points: ReadonlyArray<Point>): ReadonlyArray<Fall> => {
    const draw = draws(seed)
    const pick = () => points[Math.floor(draw() * points.length)] ?? { label: "", nth: 1 }
    return Array.from({ length: count }, (_, index) => ({
      ...pick(),
      by: index % 2 === 0 ? "kill" : "cut",
      second: { ...pick(), nth: 1 }
    }))
  }

/** So many of the points from the first to the last that fit, evenly spread; the run is asked to stop. */
export const stops =
  (count: number, first: RegExp, last: RegExp) =>
  (points: ReadonlyArray<Point>): ReadonlyArray<Fall> => {
    const from = points.findIndex(({ label }) => first.test(label))
    const to = points.findLastIndex(({ label }) => last.test(label))
    const range = points.slice(from, to + 1).filter(({ nth }) => nth === 1)
    return Array.from({ length: count }, (_, index) => range[Math.floor((index * range.length) / count)])
      .filter((point) => point !== undefined)
      .map((point) => ({ ...point, by: "term" }))
  }
