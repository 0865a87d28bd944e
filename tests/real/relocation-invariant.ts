import { Effect } from "effect"
import { join } from "node:path"
import { quarantineFolder } from "../../src/domain/evidence.ts"
import { stagingFolder } from "../../src/domain/sagas.ts"
import { type Host, type Info, RelocationRigError } from "./relocation-host.ts"
import { below, digest, filesBelow, has, holdings, inode } from "./relocation-look.ts"

/*
 * What must hold at each moment: every payload keeps at least one intact copy, every torrent that was at 100 % is at
 * 100 % after a recheck, every library file keeps its inode and its bytes.
 */

const shown = ({ content_path, name, progress, state }: Info) => `${name} is ${state} at ${progress} in ${content_path}`

/** Bytes and libraries; the client is only looked at. */
export const breaches = (host: Host) =>
  Effect.gen(function* () {
    const found: Array<string> = []
    const held = holdings([host.stash, host.pool])
    for (const [hash, name] of host.contents) if (!held.has(hash)) found.push(`LOST: no copy of ${name} is left`)
    for (const [path, [ino, hash]] of host.shelves) {
      if (!has(path)) found.push(`LIBRARY: ${path} is gone`)
      else if (inode(path) !== ino) found.push(`LIBRARY: ${path} is another file`)
      else if (digest(path) !== hash) found.push(`LIBRARY: ${path} holds something else`)
    }
    for (const info of yield* host.torrents) {
      const ran = /^(?:downloading|stalledDL|metaDL|forcedDL|queuedDL|allocating)$/.test(info.state)
      if (ran && host.complete.includes(info.hash)) found.push(`RUNS BELOW 100 %: ${shown(info)}`)
    }
    return found
  })

const print = (infos: ReadonlyArray<Info>) =>
  JSON.stringify(infos.map(({ content_path, hash, progress, state }) => [hash, state, progress, content_path]))

/** Has the client read everything, each torrent running or stopped as it was. */
export const recheck = (host: Host) =>
  Effect.gen(function* () {
    const hashes = new Set((yield* host.torrents).flatMap(({ hash }) => (host.complete.includes(hash) ? [hash] : [])))
    yield* host.client.api.post("torrents/recheck", { hashes: [...hashes].join("|") })
    yield* Effect.sleep("400 millis")
    const deadline = Date.now() + 40_000
    let [last, since] = ["", Date.now()]
    for (;;) {
      const infos = (yield* host.torrents).filter(({ hash }) => hashes.has(hash))
      const now = print(infos)
      if (now !== last || infos.some(({ state }) => /checking|moving/.test(state))) [last, since] = [now, Date.now()]
      if (Date.now() - since > 700) {
        const ill = infos.filter(({ amount_left, progress }) => progress < 1 || amount_left > 0)
        return ill.map((info) => `NOT AT 100 %: ${shown(info)}`)
      }
      if (Date.now() > deadline) return yield* new RelocationRigError({ why: `the recheck does not end: ${now}` })
      yield* Effect.sleep("50 millis")
    }
  })

/** The whole invariant. */
export const broken = (host: Host) =>
  Effect.gen(function* () {
    const first = yield* breaches(host)
    const checked = yield* recheck(host)
    return [...first, ...checked, ...(yield* breaches(host))]
  })

/** Folders and files of ours that are left in the seeding directories. */
export const leftovers = (host: Host): ReadonlyArray<string> =>
  [host.seeds, host.pooled].flatMap((dir) =>
    [quarantineFolder, stagingFolder]
      .map((name) => join(dir, name))
      .filter((path) => has(path))
      .flatMap(below)
  )

/** Contents that lie on both sides, by the name of a file: what the relocation is there to end. */
export const duplicates = (host: Host): ReadonlyArray<string> => {
  const here = holdings([host.stash])
  return filesBelow(host.pool).filter((path) => here.has(digest(path)) && digest(path) !== emptyDigest)
}

const emptyDigest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
