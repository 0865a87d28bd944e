import { display, fromBytes } from "../platform/BytePath.ts"
import { type Bencoded, type Dictionary, isBytes, isDictionary, isList, isNumber } from "./bencode.ts"

/** Ends the reading of a torrent; `parse` answers with its words. */
export class Malformed extends Error {}

/** A file as one half of a torrent lists it. */
export interface Listed {
  readonly path: string
  readonly size: number
  readonly offset: number | null
  readonly pad: boolean
  readonly piecesRoot: string | null
  /** The torrent is of this file, not of a folder. */
  readonly alone: boolean
}

export const numberOf = (from: Dictionary, key: string): number | undefined => {
  const value = from.entries.get(key)
  return isNumber(value) && Number.isSafeInteger(value) ? value : undefined
}

/** One name of a path, as bytes. */
export const textOf = (value: Bencoded | undefined, what: string): Uint8Array => {
  if (!isBytes(value)) throw new Malformed(`${what} is not a string`)
  const text = Buffer.from(value).toString("latin1")
  if (["", ".", ".."].includes(text) || /[/\0]/.test(text)) throw new Malformed(`${what} is not the name of one file`)
  return value
}

const sizeOf = (file: Dictionary): number => {
  const size = numberOf(file, "length")
  if (size === undefined || size < 0) throw new Malformed("a file has no length")
  return size
}

const attributesOf = (file: Dictionary): { readonly pad: boolean } => {
  const given = file.entries.get("attr")
  const attributes = isBytes(given) ? given : new Uint8Array()
  if (attributes.includes(0x6c) || file.entries.has("symlink path")) {
    throw new Malformed("it holds symlinks, which nothing here follows or makes")
  }
  return { pad: attributes.includes(0x70) }
}

const addSafely = (total: number, size: number): number => {
  if (!Number.isSafeInteger(total + size)) throw new Malformed("its files are longer than can be counted")
  return total + size
}

/** BEP 3 and 47: the files in the order in which their bytes are cut into pieces. */
export const listV1 = (info: Dictionary, name: Uint8Array): ReadonlyArray<Listed> => {
  const files = info.entries.get("files")
  if (files === undefined) {
    const size = sizeOf(info)
    return [{ path: fromBytes(name), size, offset: 0, ...attributesOf(info), piecesRoot: null, alone: true }]
  }
  if (!isList(files) || info.entries.has("length")) throw new Malformed("its list of files is not one")
  let offset = 0
  return files.map((file) => {
    if (!isDictionary(file)) throw new Malformed("a file of its list is not a dictionary")
    const names = file.entries.get("path.utf-8") ?? file.entries.get("path")
    if (!isList(names) || names.length === 0) throw new Malformed("a file of its list has no path")
    const path = names.map((part) => fromBytes(textOf(part, "a part of a path"))).join("/")
    const listed = { path, size: sizeOf(file), offset, ...attributesOf(file), piecesRoot: null, alone: false }
    offset = addSafely(offset, listed.size)
    return listed
  })
}

const rootOf = (file: Dictionary, size: number): string | null => {
  const root = file.entries.get("pieces root")
  if (size === 0) return null
  if (!isBytes(root) || root.length !== 32) throw new Malformed("a file has no pieces root")
  return Buffer.from(root).toString("hex")
}

/**
 * BEP 52: the tree's files in the order in which it holds them. The depth is bounded by the decoder. Clients
 * take one file at the top for the whole torrent, whatever the torrent's name is; not so in a hybrid, whose v1 half says.
 */
export const listV2 = (info: Dictionary): ReadonlyArray<Listed> => {
  const tree = info.entries.get("file tree")
  if (!isDictionary(tree)) throw new Malformed("it has no file tree")
  const found: Array<Listed> = []
  let total = 0
  const enter = (folder: Dictionary, parents: string) => {
    for (const [key, entry] of folder.entries) {
      const path = `${parents}${fromBytes(textOf(Buffer.from(key, "latin1"), "a part of a path"))}`
      if (!isDictionary(entry)) throw new Malformed("an entry of its file tree is not a dictionary")
      const file = entry.entries.get("")
      if (file === undefined) {
        enter(entry, `${path}/`)
        continue
      }
      if (!isDictionary(file) || entry.entries.size !== 1)
        throw new Malformed(`${display(path)} is a file and a folder`)
      const size = sizeOf(file)
      total = addSafely(total, size)
      const alone = parents === "" && tree.entries.size === 1
      const { pad } = attributesOf(file)
      if (pad) throw new Malformed("its file tree holds a pad file")
      found.push({ path, size, offset: null, pad, piecesRoot: rootOf(file, size), alone })
    }
  }
  enter(tree, "")
  return found
}
