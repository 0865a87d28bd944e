import { createHash } from "node:crypto"
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { dirname, join } from "node:path"
import { fromBytes, toBytes } from "../../src/platform/BytePath.ts"

/* What lies on the disks, read with node:fs. Paths are byte paths. */

export const digest = (path: string): string =>
  createHash("sha256")
    .update(readFileSync(toBytes(path)))
    .digest("hex")

export const stat = (path: string) => lstatSync(toBytes(path), { bigint: true, throwIfNoEntry: false })

export const inode = (path: string): string => {
  const found = stat(path)
  return found === undefined ? "absent" : `${found.dev}:${found.ino}`
}
export const has = (path: string): boolean => stat(path) !== undefined

/** Every path below a folder, folders included, first the folder itself. */
export const below = (folder: string): ReadonlyArray<string> => [
  folder,
  ...readdirSync(toBytes(folder), { withFileTypes: true, encoding: "buffer" }).flatMap((entry) => {
    const path = `${folder}/${fromBytes(entry.name)}`
    return entry.isDirectory() ? below(path) : [path]
  })
]

export const filesBelow = (folder: string): ReadonlyArray<string> =>
  existsSync(folder) ? below(folder).filter((path) => stat(path)?.isFile() === true) : []

/** Everything that a person could see of a tree, but for when it was last read. */
export const listing = (folder: string): ReadonlyArray<string> =>
  below(folder).map((path) => {
    const found = lstatSync(toBytes(path), { bigint: true })
    const { ctimeNs, gid, ino, mode, mtimeNs, nlink, size, uid } = found
    const to = found.isSymbolicLink() ? ` -> ${readlinkSync(toBytes(path))}` : ""
    return `${path}${to} ${[ino, mode, uid, gid, nlink, size, mtimeNs, ctimeNs].join(" ")}`
  })

/** What the files of some trees hold, each inode read once: digest to the paths with it. */
export const holdings = (folders: ReadonlyArray<string>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const known = new Map<string, string>()
  const found = new Map<string, Array<string>>()
  for (const path of folders.flatMap(filesBelow)) {
    const key = inode(path)
    const hash = known.get(key) ?? digest(path)
    known.set(key, hash)
    found.set(hash, [...(found.get(hash) ?? []), path])
  }
  return found
}

/** Every row of every table. Reads beside a running program without disturbing it. */
export const dump = (database: string): Readonly<Record<string, ReadonlyArray<unknown>>> => {
  if (!existsSync(database)) return {}
  const db = new DatabaseSync(database, { readOnly: true })
  try {
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
    return Object.fromEntries(
      tables.map(({ name }) => {
        const rows = db.prepare(`SELECT * FROM "${String(name)}"`)
        rows.setReadBigInts(true)
        return [String(name), rows.all()]
      })
    )
  } finally {
    db.close()
  }
}

export const folderOf = (path: string): string => dirname(path)
export const beside = (path: string, name: string): string => join(dirname(path), name)
