import { Effect, Schema } from "effect"
import { built, type Point, Report, told } from "../real/relocation-worker.ts"
import { type Machine, makeMachine } from "./relocate-host.ts"
import { breaches, type Library, libraryOf, recheck, unfinished } from "./relocate-invariant.ts"
import type { Scene } from "./relocate-scenes.ts"

const day = 86_400_000
const relocate = ["relocate", "--apply"]

export interface Drill {
  readonly scene: Scene
  /** From the scene to where the run begins that is to fall. */
  readonly prepare?: (machine: Machine) => Promise<void>
  /** Of the runs that are to fall: milliseconds that their clock is ahead. */
  readonly ahead?: number
  /** More of their environment. */
  readonly env?: (machine: Machine) => Readonly<Record<string, string>>
  /** The codes that the undisturbed run may end with. */
  readonly codes?: ReadonlyArray<number>
  /** Somebody else has spoilt the copy that a torrent may be pointed at: that is not to come to 100 % before it is back. */
  readonly spoilt?: boolean
  /** Where all of it is in the end, if not where the scene says. */
  readonly home?: (machine: Machine) => string
}

const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Report))

/** How far a machine is taken after a fall: one further run; or the release too; or, after that, one with nothing to do. */
type Care = "settled" | "released" | "idle"

/** Runs again until nothing is left to be done, or nothing before the time of the quarantine is over. */
const complete = async (machine: Machine, { home, scene }: Drill, library: Library, care: Care) => {
  const found: Array<string> = []
  for (const ahead of care === "settled" ? [0] : [0, 4 * day, 4 * day]) {
    machine.ahead = ahead
    const ended = await machine.begin(relocate).ended
    if (ended.code !== 0) found.push(`the next run ${told(ended)}`)
  }
  if (care === "idle") {
    const idle = await machine.begin(relocate).ended
    if (idle.code === 0) {
      const { resumed, steps } = decode(idle.stdout)
      for (const what of [...resumed, ...steps]) found.push(`NOT IDLE: ${JSON.stringify(what)}`)
    } else found.push(`the run after all was done ${told(idle)}`)
  }
  machine.ahead = 0
  const place = home?.(machine) ?? machine[scene.to]
  return [...found, ...(await unfinished(machine, place, library, care === "settled"))]
}

export interface Fall extends Point {
  /** A second point, for the run after the first. It need not be reached. */
  readonly second?: Point
}

const name = ({ by, label, nth, second }: Fall) =>
  `${by} at ${nth}. ${label}${second === undefined ? "" : `, then at ${second.nth}. ${second.label}`}`

const fall = async (machine: Machine, drill: Drill, library: Library, at: Fall, turn: number) => {
  await machine.restore()
  machine.ahead = drill.ahead ?? 0
  const fallen = await machine.begin(relocate, { at, env: drill.env?.(machine) ?? {} }).ended
  const found: Array<string> = []
  const asked = at.by === "term" ? fallen.code === 143 : fallen.signal === "SIGKILL"
  if (!asked) found.push(`the run that was to fall ${told(fallen)}`)
  found.push(...(await breaches(machine, library)))
  // The client falls with us, or somebody has it check everything, or neither.
  if (turn % 3 === 1) await machine.call("crash", {})
  if (turn % 3 === 2) {
    const ill = await recheck(machine)
    if (drill.spoilt !== true) found.push(...ill)
  }
  if (at.second !== undefined) {
    const next = await machine.begin(relocate, { at: at.second }).ended
    if (next.signal !== "SIGKILL" && next.code !== 0) found.push(`the second run ${told(next)}`)
    found.push(...(await breaches(machine, library)))
  }
  // Of each three that fall beside each other, one is followed to its end.
  const care = drill.ahead !== undefined || turn % 9 === 0 ? "idle" : turn % 3 === 0 ? "released" : "settled"
  found.push(...(await complete(machine, drill, library, care)))
  return found.map((what) => `${name(at)}: ${what}`)
}

const ready = async (machine: Machine, { prepare, scene }: Drill): Promise<Library> => {
  scene.make(machine)
  await machine.seed()
  // What is younger than two seconds is good for a plan only.
  await machine.must("index", "--full")
  await prepare?.(machine)
  await machine.save()
  return libraryOf(machine)
}

/**
 * Makes the run once undisturbed, and then once for every point that `choose` takes of those it passed, on two machines
 * side by side. Tells everything that was not as it must be.
 */
export const run = (drill: Drill, choose: Choose) =>
  Effect.gen(function* () {
    const bundle = yield* built("points")
    const machines = [yield* makeMachine(bundle), yield* makeMachine(bundle)]
    const lanes = yield* Effect.promise(() =>
      Promise.all(machines.map(async (machine) => ({ machine, library: await ready(machine, drill) })))
    )
    const [first] = lanes
    if (first === undefined) return { falls: [], found: ["there is no machine"] }
    const { library, machine } = first
    return yield* Effect.promise(async () => {
      await machine.restore()
      machine.ahead = drill.ahead ?? 0
      const whole = await machine.begin(relocate, { env: drill.env?.(machine) ?? {} }).ended
      const found = (drill.codes ?? [0]).includes(whole.code ?? -1) ? [] : [`the undisturbed run ${told(whole)}`]
      found.push(...(await complete(machine, drill, library, "idle")))
      const falls = found.length === 0 ? choose(numbered(whole.passed)) : []
      const waiting = [...falls.entries()]
      await Promise.all(
        lanes.map(async ({ library, machine }) => {
          for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
            found.push(...(await fall(machine, drill, library, next[1], next[0])))
          }
        })
      )
      return { falls, found }
    })
  })

export type Passed = ReadonlyArray<Omit<Point, "by">>
export type Choose = (points: Passed) => ReadonlyArray<Fall>

/** Nothing has changed since the point before. */
const same =
  /^journal .*(?:before its intent|intent written|: done)$|^(?:Gate|Prover|TorrentClient|Sagas)\..* before$|^Runs\.|^mkdir state/

const worthy = (points: Passed): Passed => points.filter(({ label }) => !same.test(label))

/** Each with the how-manieth of its label it is. */
const numbered = (passed: ReadonlyArray<string>): Passed => {
  const counts = new Map<string, number>()
  return passed.map((label) => {
    const nth = (counts.get(label) ?? 0) + 1
    counts.set(label, nth)
    return { label, nth }
  })
}

/** Names on the disk that are passed several times differ in what was left out of them. */
const once = /^(?:create|link|mkdir|rename|rmdir|unlink) /

/** Of those with one label, the first and the last. */
const ends = (points: Passed): Passed => {
  const of = Map.groupBy(points, ({ label }) => label)
  return points.filter((point) => {
    const [first, last] = [of.get(point.label)?.[0], of.get(point.label)?.at(-1)]
    return point === first || (point === last && !once.test(point.label))
  })
}

export const everywhere: Choose = (points) => ends(worthy(points)).map((point) => ({ ...point, by: "kill" }))

/** One path stands for all that the same is done to. */
const kindOf = (label: string): string =>
  label.replace(/^((?:create|link|rename|unlink|rmdir|mkdir) (?:.*saga-\d+\/(?:blobs|views)?|.*seeding\/)).+$/, "$1")

/** The same, once for each kind of them. */
export const onceEach: Choose = (points) => {
  const seen = new Set<string>()
  return worthy(points).flatMap((point): ReadonlyArray<Fall> => {
    const kind = kindOf(point.label)
    if (seen.has(kind)) return []
    seen.add(kind)
    return [{ ...point, by: "kill" }]
  })
}

/** All that several of them choose. */
export const all =
  (...choices: ReadonlyArray<Choose>): Choose =>
  (points) =>
    choices.flatMap((choose) => choose(points))

/** Without those points. */
export const leaving =
  (what: RegExp, choose: Choose): Choose =>
  (points) =>
    choose(points.filter(({ label }) => !what.test(label)))

/** Only from the first such point on. */
export const after =
  (first: RegExp, choose: Choose): Choose =>
  (points) =>
    choose(points.slice(points.findIndex(({ label }) => first.test(label))))

/** So many pairs, the second point for the run after the first; every run of the tests draws the same. */
export const pairs =
  (count: number, step: number): Choose =>
  (points) => {
    const all = ends(worthy(points))
    const pick = (at: number) => all[at % all.length] ?? { label: "", nth: 1 }
    return Array.from({ length: count }, (_, index) => {
      const first = Math.floor((index * all.length) / count) + 5
      return { ...pick(first), by: "kill", second: { ...pick(first + step * (index + 1)), nth: 1, by: "kill" } }
    })
  }

/** So many, evenly spread; the run is asked to stop. */
export const stops =
  (count: number): Choose =>
  (points) => {
    const from = points.findIndex(({ label }) => label.startsWith("Sagas.begin"))
    const to = points.findIndex(({ label }) => label.startsWith("Sagas.move quarantined"))
    const range = points.slice(from, to).filter(({ nth }) => nth === 1)
    return Array.from({ length: count }, (_, index) => range[Math.floor((index * range.length) / count)])
      .filter((point) => point !== undefined)
      .map((point) => ({ ...point, by: "term" }))
  }
