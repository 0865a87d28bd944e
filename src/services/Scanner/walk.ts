import { lstatSync, readdirSync } from "node:fs"
import { type Facts, type Listing, pack, packed } from "../../domain/indexStamp.ts"
import { fromBytes, join, toBytes } from "../../platform/BytePath.ts"
import type { Seen, Start, Walk } from "../Scanner.ts"

interface Pending {
  readonly path: string
  readonly ino: bigint | null
  readonly parent: bigint | null
}

/** How often a directory that changes while it is listed is listed anew. */
const tries = 3

/** Node encodes text itself, faster than we would. */
const argument = (path: string): string | Buffer => (path.isWellFormed() ? path : toBytes(path))

const stat = (path: string) => lstatSync(argument(path), { bigint: true })
const statIfThere = (path: string) => lstatSync(argument(path), { bigint: true, throwIfNoEntry: false })

/** Bytes that are no UTF-8 come as U+FFFD: then the names are read again as bytes. */
const namesIn = (path: string): ReadonlyArray<string> => {
  const names = readdirSync(argument(path))
  return names.some((name) => name.includes("\ufffd"))
    ? readdirSync(argument(path), { encoding: "buffer" }).map(fromBytes)
    : names
}

const whyOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

class Moved extends Error {}

export class TreeWalk implements Walk {
  readonly #start: Start
  readonly #open: Array<Pending>
  /** A bind mount of a directory inside itself would have no end. */
  readonly #visited = new Set<bigint>()
  #foreign: Array<Seen> = []

  constructor(start: Start) {
    this.#start = start
    this.#open = [{ path: start.path, ino: null, parent: start.parent }]
  }

  next(milliseconds: number): ReadonlyArray<Seen> {
    const until = performance.now() + milliseconds
    const seen: Array<Seen> = []
    for (let at = this.#open.pop(); at !== undefined; at = this.#open.pop()) {
      seen.push(this.#read(at), ...this.#foreign)
      this.#foreign = []
      if (performance.now() >= until) break
    }
    return seen
  }

  #read(at: Pending): Seen {
    for (let left = tries; ; left--) {
      try {
        return { _tag: "Listed", listing: this.#list(at) }
      } catch (cause) {
        this.#foreign = []
        if (cause instanceof Moved && left > 1) continue
        return { _tag: "Unread", path: at.path, why: whyOf(cause) }
      }
    }
  }

  #list({ ino, parent, path }: Pending): Listing {
    const before = stat(path)
    if (!before.isDirectory() || before.dev !== this.#start.device || (ino !== null && before.ino !== ino)) {
      throw new Error("another directory has taken its place while we looked; the next run reads it")
    }
    const all = namesIn(path)
    const numbers = new BigInt64Array(all.length * packed)
    const names: Array<string> = []
    const directories: Array<{ readonly name: string; readonly facts: Facts }> = []
    let others = 0
    for (const name of all) {
      const child = join(path, name)
      const facts = statIfThere(child)
      if (facts === undefined) throw new Moved("it changes faster than it can be listed; the next run reads it")
      if (facts.isFile() && facts.dev === before.dev) {
        pack(numbers, names.length, facts)
        names.push(name)
      } else if (!facts.isDirectory()) others += 1
      else if (this.#isForeign(child, facts)) others += 1
      else directories.push({ name, facts })
    }
    const files = numbers.subarray(0, names.length * packed)
    const after = stat(path)
    if (after.ino !== before.ino || after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs) {
      throw new Moved("it changes faster than it can be listed; the next run reads it")
    }
    for (const { facts, name } of directories) {
      this.#visited.add(facts.ino)
      this.#open.push({ path: join(path, name), ino: facts.ino, parent: before.ino })
    }
    this.#visited.add(before.ino)
    return { path, facts: before, parent, names, files, directories, others }
  }

  #isForeign(path: string, facts: Facts & { readonly dev: bigint }): boolean {
    const foreign =
      facts.dev !== this.#start.device || this.#start.mountPoints.has(path) || this.#visited.has(facts.ino)
    if (foreign) this.#foreign.push({ _tag: "Foreign", path })
    return foreign
  }
}
