import { display } from "../platform/BytePath.ts"
import { bytes, count } from "../platform/Text.ts"
import type { Blocked, Stay } from "./relocation.ts"
import { pinText, type Residency } from "./residency.ts"

/** Why a component stays or cannot be moved, in sentences. */

export const blocked = (by: Blocked["by"], why: string, remedy: string): Blocked => ({
  kind: "blocked",
  by,
  why,
  remedy
})

const stay = (reason: Stay["reason"], why: string): Stay => ({ kind: "stay", reason, why })

export const occupied = (why: string): Blocked =>
  blocked("occupied", why, "move that away, or remove it if nothing needs it")

export const immovable = (name: string): Blocked =>
  blocked(
    "immovable",
    `${display(name)} is a v2 torrent of one file without a folder, which qBittorrent fails to move (libtorrent)`,
    "leave it where it is, or seed it by a v1 or hybrid torrent instead"
  )

export const unhashed = (files: number): Blocked =>
  blocked(
    "unhashed",
    `whether there is a copy of ${files === 1 ? "a file" : `${files} files`} of it cannot be said: not all files of that size are hashed`,
    "run media-pipeline index"
  )

export interface Shortage {
  readonly neededBytes: number
  readonly freeBytes: number
  readonly promisedBytes: number
  /** What earlier steps of the plan need. */
  readonly takenBytes: number
  readonly reserveBytes: number
}

export const noRoom = ({ freeBytes, neededBytes, promisedBytes, reserveBytes, takenBytes }: Shortage): Blocked => {
  const claims = [
    ...(reserveBytes > 0 ? [`${bytes(reserveBytes)} stay free`] : []),
    ...(promisedBytes > 0 ? [`${bytes(promisedBytes)} are promised to relocations under way`] : []),
    ...(takenBytes > 0 ? [`${bytes(takenBytes)} are taken by the steps before`] : [])
  ]
  const rest = claims.length === 0 ? "" : `, of which ${claims.join(", ")}`
  return blocked(
    "room",
    `it needs ${bytes(neededBytes)} on the other side, and ${bytes(freeBytes)} are free there${rest}`,
    "make room there, or lower storage.reserveBytes"
  )
}

export const unreadRoom = (): Blocked =>
  blocked("unavailable", "the free space of the other side cannot be read", "see media-pipeline doctor")

export const unavailable = (why: string | null): Blocked =>
  blocked("unavailable", why ?? "no seeding directory of the other side can be read", "mount it, then run again")

export const pinned = ({ pinned: number, pins }: Residency): Stay => {
  const [pin] = pins
  const more = number > 1 ? `; so do names of ${count(number - 1, "more file", "more files")}` : ""
  return stay("pinned", pin === undefined ? "" : pinText(pin) + more)
}

export const nothing = (): Stay => stay("empty", "it holds no bytes")

export const duplicate = (path: string): Stay =>
  stay(
    "duplicate",
    `the stash holds the same content for good, such as ${display(path)}: hardlinked to that, it costs nothing`
  )

export const seedOnly = (files: number, held: number): Stay =>
  stay(
    "seed-only",
    held === 0
      ? "nothing holds it on the stash"
      : held < files
        ? `the stash holds ${held} of its ${count(files, "file")}; it goes back when it holds all of them`
        : "what the stash holds of it lies on another filesystem than the seeding directories there"
  )

export const undecided = (files: number): Stay =>
  stay(
    "seed-only",
    `whether the stash holds it too cannot be said before ${count(files, "file")} of it, or those of the same size, are hashed`
  )

/** What a step adds when it rests on content ids that are not certain. */
export const doubt = (number: number): string =>
  number === 0
    ? ""
    : `; ${count(number, "content")} of it ${number === 1 ? "is" : "are"} not certain to be the same, and will be proven by reading first`

export const promoted = (path: string, doubtful: number): string =>
  `the stash holds all of it already, such as ${display(path)}${doubt(doubtful)}`

export const demoted = (names: number, there: "all" | "earlier" | "some" | "none", doubtful: number): string => {
  const lies = names === 1 ? "its only name lies" : `all ${names} names of it lie`
  const rest = {
    all: ", and the pool holds all of it already",
    earlier: ", and a step before puts it on the pool",
    some: ", and the pool holds some of it already",
    none: ""
  }
  return `${lies} in the seeding directories${rest[there]}${doubt(doubtful)}`
}
