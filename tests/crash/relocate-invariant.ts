import { createHash } from "node:crypto"
import { join } from "node:path"
import { quarantineFolder } from "../../src/domain/evidence.ts"
import { stagingFolder } from "../../src/domain/sagas.ts"
import { below, digest, filesBelow, has, holdings, inode } from "../real/relocation-look.ts"
import type { Machine } from "./relocate-host.ts"

/*
 * Every payload keeps an intact copy, every torrent that was at 100 % is at 100 % after a recheck, every library file
 * keeps its inode and its bytes. Looked at with node:fs and through the client alone.
 */

export type Library = ReadonlyMap<string, readonly [inode: string, digest: string]>

/** The number alone: a filesystem that is mounted anew may get another device. */
const numberOf = (path: string) => inode(path).replace(/^.*:/, "")

export const libraryOf = ({ library }: Machine): Library =>
  new Map(filesBelow(library).map((path) => [path, [numberOf(path), digest(path)]]))

const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex")

export const breaches = async (machine: Machine, library: Library): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  const held = holdings([machine.stash, machine.pool])
  for (const { bytes, path } of machine.held) if (!held.has(sha(bytes))) found.push(`LOST: no copy of ${path} is left`)
  for (const [path, [ino, hash]] of library) {
    if (!has(path)) found.push(`LIBRARY: ${path} is gone`)
    else if (numberOf(path) !== ino || digest(path) !== hash) found.push(`LIBRARY: ${path} is not what it was`)
  }
  for (const hash of await machine.startedBelow()) found.push(`RAN BELOW 100 %: ${hash}`)
  return found
}

/** Each torrent is read by the client, and stays stopped or running as it is. */
export const recheck = async (machine: Machine): Promise<ReadonlyArray<string>> => {
  const post = (path: string, fields: Readonly<Record<string, string>>) =>
    fetch(`${machine.url}/api/v2/torrents/${path}`, { method: "POST", body: new URLSearchParams(fields) })
  await post("recheck", { hashes: "all" })
  for (let tries = 0; tries < 400; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 15))
    const shown = await machine.shown()
    if (tries > 2 && shown.every(({ state }) => !/checking|moving/.test(state))) {
      return shown.flatMap((one) => (one.progress === 1 ? [] : [`NOT AT 100 %: ${JSON.stringify(one)}`]))
    }
  }
  return [`the recheck does not end: ${JSON.stringify(await machine.shown())}`]
}

/** What is not as it should be when nothing is left to be done, or, `waiting`, nothing but what the quarantine holds. */
export const unfinished = async (
  machine: Machine,
  home: string,
  library: Library,
  waiting: boolean
): Promise<ReadonlyArray<string>> => {
  const found = [...(await breaches(machine, library))]
  const shown = await machine.shown()
  for (const { hash, name, savePath = "", state = "" } of machine.torrents) {
    const one = shown.find((torrent) => torrent.hash === hash)
    const other = [machine.seeds, machine.pooled].find((dir) => savePath.startsWith(dir)) ?? ""
    const expected = `${home}${savePath.slice(other.length)}`
    if (one?.save_path !== expected || one.progress !== 1 || one.state !== state) {
      found.push(`TORRENT: ${name} is ${one?.state} at ${one?.progress} in ${one?.save_path}, not in ${expected}`)
    }
    for (const { bytes, path } of machine.held.filter((file) => file.name === name)) {
      const place = `${home}${path.slice(other.length)}`
      if (!has(place) || digest(place) !== sha(bytes)) found.push(`DISK: ${place} is not there, or not what it was`)
      if (home !== other && has(path)) found.push(`DISK: ${path} is still there`)
    }
  }
  for (const dir of [machine.seeds, machine.pooled]) {
    for (const name of waiting ? [stagingFolder] : [quarantineFolder, stagingFolder]) {
      if (has(join(dir, name))) found.push(`LEFT: ${below(join(dir, name)).join()}`)
    }
  }
  return [...found, ...(await recheck(machine))]
}
