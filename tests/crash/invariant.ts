import { createHash } from "node:crypto"
import { copyFileSync, existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import type { StoredFile } from "../fakes/b2/options.ts"
import type { Host } from "./host.ts"
import { neighbours, type Payload } from "./payload.ts"
import { below } from "./rehome.ts"

/*
 * What must hold after every crash, and what must be so in the end. Nothing here is the product's: the disk is read with
 * node:fs, the remote through the emulator's back door, the database by SQL from a copy.
 */

const quarantine = ".media-pipeline-quarantine"
const sha1 = (path: Buffer | string) => createHash("sha1").update(readFileSync(path)).digest("hex")

/** Paths below a folder in latin1, relative to it, of whatever is no folder. */
export const filesBelow = (folder: string): ReadonlyArray<string> =>
  existsSync(folder)
    ? below(Buffer.from(folder))
        .filter((path) => !lstatSync(path).isDirectory())
        .map((path) => path.subarray(Buffer.byteLength(folder) + 1).toString("latin1"))
    : []

const bytesAt = (folder: string, path: string) =>
  Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, "latin1")])

export interface Row {
  readonly name: string
  readonly state: string
  readonly digest: string | null
  readonly unproven: number
}

/** From a copy: opening the database itself would recover it before the worker does. */
export const query = (host: Host, sql: string): ReadonlyArray<Record<string, unknown>> => {
  if (!existsSync(join(host.state, "state.db"))) return []
  const folder = mkdtempSync(join(host.root, "database-"))
  for (const name of readdirSync(host.state)) {
    if (name.startsWith("state.db")) copyFileSync(join(host.state, name), join(folder, name))
  }
  const db = new DatabaseSync(join(folder, "state.db"))
  try {
    const known = db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'journal'").get()
    return known?.["n"] === 1 ? db.prepare(sql).all() : []
  } finally {
    db.close()
    rmSync(folder, { recursive: true })
  }
}

const rows = (host: Host): ReadonlyArray<Row> =>
  query(
    host,
    `SELECT path, state, digest, (SELECT count(*) FROM files WHERE item_id = items.id AND
       (state <> 'verified' OR proof IS NULL OR sha1 IS NULL)) AS unproven FROM items`
  ).map((row) => ({
    name:
      row["path"] instanceof Uint8Array
        ? Buffer.from(row["path"])
            .toString()
            .slice(host.completed.length + 1)
        : "",
    state: String(row["state"]),
    digest: row["digest"] === null ? null : String(row["digest"]),
    unproven: Number(row["unproven"])
  }))

export interface Sight {
  /** SHA-1 of what is in the completed folder, by path: latin1. */
  readonly disk: ReadonlyMap<string, string>
  /** True SHA-1 of what is on the remote, by name. */
  readonly remote: ReadonlyMap<string, string>
  readonly rows: ReadonlyArray<Row>
}

export const look = async (host: Host): Promise<Sight> => {
  const disk = new Map<string, string>()
  for (const path of filesBelow(host.completed)) {
    if (lstatSync(bytesAt(host.completed, path)).isFile()) disk.set(path, sha1(bytesAt(host.completed, path)))
  }
  const files = await host.b2.files()
  const hashes = await Promise.all(files.map(({ name }) => host.b2.sha1Of(name)))
  return { disk, remote: new Map(files.map(({ name }, index) => [name, hashes[index] ?? ""])), rows: rows(host) }
}

const proven = (payload: Payload, { remote }: Sight): ReadonlyArray<string> => {
  const there = new Set([...remote].flatMap(([name, hash]) => (name.startsWith(payload.prefix) ? [hash] : [])))
  const lost = payload.originals.filter(({ sha1 }) => !there.has(sha1)).map(({ path }) => path)
  const members = payload.members.filter((hash) => !there.has(hash)).map((hash) => `the member ${hash}`)
  return [...lost, ...members]
}

/** As far as a person can tell that something was marked. */
const signOf = (host: Host, payload: Payload): string | undefined => {
  const path = join(host.completed, `${payload.name}.uploaded`)
  return existsSync(path) ? readFileSync(path, "utf8") : undefined
}

const marked = new Set(["uploaded", "releasing", "quarantined", "released"])

/** Every original byte is on the disk or on the remote, and nothing is marked that is not proven. */
export const breaches = (host: Host, sight: Sight): ReadonlyArray<string> => {
  const found: Array<string> = []
  const here = new Set(sight.disk.values())
  for (const payload of host.payloads) {
    const missing = proven(payload, sight)
    for (const { path, sha1 } of payload.originals) {
      if (!here.has(sha1) && missing.includes(path)) found.push(`LOST: ${path} is neither here nor there`)
    }
    const row = sight.rows.find(({ name }) => name === payload.name)
    const sign = signOf(host, payload)
    if (sign !== undefined || (row !== undefined && marked.has(row.state))) {
      const what = sign === undefined ? `is "${row?.state}"` : "has a sign"
      for (const path of missing) found.push(`UNPROVEN: ${payload.name} ${what}, and ${path} is not on the remote`)
      if (row === undefined || row.unproven > 0) found.push(`UNPROVEN: ${payload.name} ${what} without a proof`)
    }
    if (sign !== undefined && !sign.includes(`"digest":"${row?.digest}"`)) found.push(`SIGN: ${payload.name}: ${sign}`)
  }
  for (const name of neighbours) {
    if (sight.disk.get(name) !== createHash("sha1").update(`${name}\n`).digest("hex")) found.push(`TOUCHED: ${name}`)
  }
  for (const name of ["one", "below/two"]) {
    const path = join(host.canary, name)
    if (!existsSync(path) || readFileSync(path, "utf8") !== `${name}\n`) found.push(`TOUCHED: canary ${name}`)
  }
  const strangers = readdirSync(host.canary, { recursive: true }).length - 3
  if (strangers !== 0) found.push(`TOUCHED: ${strangers} more in the canary's folder`)
  return found
}

/** Where the bytes of an item are to be once all is done. */
export type Whereabouts = "here" | "quarantined" | "released"

const expectedState = { here: "uploaded", quarantined: "quarantined", released: "released" }

const expectedHere = (host: Host, payload: Payload, where: Whereabouts, sight: Sight): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (const { path, sha1 } of payload.originals) {
    const waiting = [...sight.disk].some(([at, hash]) => at.startsWith(`${quarantine}/`) && hash === sha1)
    if ((sight.disk.get(path) === sha1) !== (where === "here")) found.push(`DISK: ${path} should be ${where}`)
    if (waiting !== (where === "quarantined")) found.push(`QUARANTINE: ${path} should be ${where}`)
  }
  if ((signOf(host, payload) !== undefined) !== (where === "here")) {
    found.push(`SIGN: ${payload.name} should ${where === "here" ? "have one" : "have none"}`)
  }
  const state = sight.rows.find(({ name }) => name === payload.name)?.state
  if (state !== expectedState[where]) found.push(`STATE: ${payload.name} is ${state}`)
  return found
}

const leftovers = async (host: Host, sight: Sight): Promise<ReadonlyArray<string>> => {
  const found: Array<string> = []
  for (const path of [...filesBelow(host.completed), ...filesBelow(host.state)]) {
    if (/(?:^|\/)\.media-pipeline-(?!quarantine)/.test(path)) found.push(`LEFT: ${path}`)
  }
  if (existsSync(host.extracted)) {
    for (const name of readdirSync(host.extracted)) found.push(`LEFT: extracted/${name}`)
  }
  const known = new Set(host.payloads.flatMap(({ originals }) => originals.map(({ path }) => path)))
  const signs = new Set(host.payloads.map(({ name }) => `${name}.uploaded`))
  for (const path of sight.disk.keys()) {
    if (!known.has(path) && !signs.has(path) && !neighbours.includes(path) && !path.startsWith(`${quarantine}/`)) {
      found.push(`LEFT: completed/${path}`)
    }
  }
  for (const { name } of await host.b2.unfinished()) found.push(`LEFT: unfinished on the remote: ${name}`)
  for (const { step, subject } of query(host, "SELECT step, subject FROM journal WHERE ended_at IS NULL")) {
    found.push(
      `LEFT: journal ${String(step)} of ${subject instanceof Uint8Array ? Buffer.from(subject).toString() : ""}`
    )
  }
  for (const { line } of host.leftRunning()) found.push(`LEFT: running: ${line.slice(0, 200)}`)
  return found
}

/**
 * Without what rclone took back itself: told to stop, it hides what it was sending, also where the remote had just taken
 * all of it. The next run sends it again.
 */
const kept = (versions: ReadonlyArray<StoredFile>): ReadonlyArray<StoredFile> => {
  const all = versions.toSorted((one, other) => one.uploadTimestamp - other.uploadTimestamp)
  const taken = new Set<StoredFile>()
  for (const hide of all.filter(({ action }) => action === "hide")) {
    const last = all.findLast(
      (one) => one.name === hide.name && one.action === "upload" && one.uploadTimestamp <= hide.uploadTimestamp
    )
    if (last === undefined || hide.uploadTimestamp - last.uploadTimestamp > 1000) continue
    taken.add(hide)
    taken.add(last)
  }
  return versions.filter((version) => !taken.has(version))
}

const onRemote = async (host: Host, sight: Sight): Promise<ReadonlyArray<string>> => {
  const found = host.payloads.flatMap((payload) => proven(payload, sight).map((path) => `REMOTE: ${path} is not there`))
  const expected = new Set(
    host.payloads.flatMap(({ members, originals }) => [...originals.map(({ sha1 }) => sha1), ...members])
  )
  for (const [name, hash] of sight.remote) if (!expected.has(hash)) found.push(`REMOTE: ${name} is nobody's`)
  if (sight.remote.size !== expected.size) found.push(`REMOTE: ${sight.remote.size} files, not ${expected.size}`)
  // A hidden or an older version is billed as well.
  const versions = kept(await host.b2.versions())
  if (versions.length !== sight.remote.size) {
    const twice = versions.filter(({ name }, at) => versions.findIndex((other) => other.name === name) !== at)
    const names = twice.map(({ action, name, uploadTimestamp }) => `${name} (${action}, ${uploadTimestamp})`).join(", ")
    found.push(`REMOTE: ${versions.length} versions of ${sight.remote.size} files: ${names}`)
  }
  return found
}

/** What is not as it should be when a run has come to its end. `where` for every item, or by the name of one. */
export const unfinished = async (
  host: Host,
  where: Whereabouts | ((name: string) => Whereabouts)
): Promise<ReadonlyArray<string>> => {
  const sight = await look(host)
  const placeOf = typeof where === "string" ? () => where : where
  return [
    ...breaches(host, sight),
    ...host.payloads.flatMap((payload) => expectedHere(host, payload, placeOf(payload.name), sight)),
    ...(await onRemote(host, sight)),
    ...(await leftovers(host, sight))
  ]
}
