import { algorithm, type Grade, worse } from "../../domain/indexGrade.ts"
import { type DirectoryNode, type FileNode, type Identity, identityOf } from "../../domain/indexIdentity.ts"
import { basename, fromBytes } from "../../platform/BytePath.ts"
import { Paths, type Prepare } from "./paths.ts"
import { type Found, Reader } from "./read.ts"
import { blob, contentIdOf, inodeColumns, inodeOf, inodeWidth, integer, integerOrNull } from "./rows.ts"

/** Files of the same bytes that do not share an inode. */
export interface DuplicateContent {
  readonly contentId: string
  /** Of one of them, in bytes. */
  readonly size: number
  readonly grade: Grade
  readonly inodes: ReadonlyArray<Found>
  /** What all but one of them take. */
  readonly wastedBytes: number
}

/** Directories of the same content; hardlink views of one payload are none, as they take nothing. */
export interface DuplicateDirectories {
  /** `tree:…`: names and layout are the same too. `payload:…`: only the contents are. */
  readonly id: string
  readonly grade: Grade
  /** Of one of them. */
  readonly files: number
  readonly bytes: number
  readonly paths: ReadonlyArray<string>
  readonly wastedBytes: number
}

export interface Duplicates {
  /** Those that waste most first, as everywhere here. */
  readonly contents: ReadonlyArray<DuplicateContent>
  /** The topmost only: what lies below them is not said again. */
  readonly trees: ReadonlyArray<DuplicateDirectories>
  /** Of the same contents in different layouts. */
  readonly payloads: ReadonlyArray<DuplicateDirectories>
}

interface Node extends DirectoryNode {
  readonly path: string
  readonly files: Array<FileNode & { readonly key: string }>
  readonly directories: Array<Node>
  parent: Node | undefined
}

/** All directories with a known content below, or only those from `top` on. */
const load = (prepare: Prepare, reader: Reader, top?: { readonly fs: bigint; readonly ino: bigint }) => {
  const paths = new Paths(prepare)
  const nodes = new Map<string, Node>()
  const rows = prepare("SELECT fs, ino, parent, name, others, generation, stamp IS NULL FROM cache_directories").all()
  for (const row of rows) {
    const fs = integer(row[0])
    const path = paths.of(fs, integer(row[1]))
    if (path === undefined) continue
    nodes.set(`${fs}:${integer(row[1])}`, {
      path,
      name: basename(fromBytes(blob(row[3]))),
      files: [],
      directories: [],
      whole: row[4] === 0n && row[6] === 0n && reader.isCurrent(fs, integer(row[5])),
      parent: undefined
    })
  }
  const tops: Array<Node> = []
  for (const row of rows) {
    const fs = integer(row[0])
    const node = nodes.get(`${fs}:${integer(row[1])}`)
    const parent = integerOrNull(row[2] ?? null)
    const above = parent === null ? undefined : nodes.get(`${fs}:${parent}`)
    if (node === undefined) continue
    node.parent = above
    if (above === undefined) tops.push(node)
    else above.directories.push(node)
  }
  const files = prepare(
    `SELECT ${inodeColumns}, e.fs, e.parent, e.name FROM cache_entries e
       JOIN cache_inodes i ON i.fs = e.fs AND i.ino = e.ino`
  ).all()
  for (const row of files) {
    const fs = integer(row[inodeWidth])
    const { contentId, grade, ino, size } = inodeOf("", row)
    nodes.get(`${fs}:${integer(row[inodeWidth + 1])}`)?.files.push({
      name: fromBytes(blob(row[inodeWidth + 2])),
      size,
      grade,
      contentId: contentId ?? "",
      key: `${fs}:${ino}`
    })
  }
  return top === undefined ? tops : [nodes.get(`${top.fs}:${top.ino}`)].filter((node) => node !== undefined)
}

const inodesBelow = (node: Node, into = new Map<string, number>()): Map<string, number> => {
  for (const { key, size } of node.files) into.set(key, size)
  for (const child of node.directories) inodesBelow(child, into)
  return into
}

const groupsOf = (
  identities: ReadonlyMap<Node, Identity>,
  idOf: (identity: Identity) => string | undefined,
  isWanted: (nodes: ReadonlyArray<Node>) => boolean
): ReadonlyArray<DuplicateDirectories> => {
  const groups = new Map<string, Array<Node>>()
  for (const [node, identity] of identities) {
    const id = idOf(identity)
    if (id === undefined || identity.bytes === 0) continue
    const group = groups.get(id)
    if (group === undefined) groups.set(id, [node])
    else group.push(node)
  }
  const twins = [...groups].filter(([, nodes]) => nodes.length > 1 && isWanted(nodes))
  const paired = new Set(twins.flatMap(([, nodes]) => nodes))
  return twins
    .filter(([, nodes]) => nodes.some(({ parent }) => parent === undefined || !paired.has(parent)))
    .flatMap(([id, nodes]) => {
      const [first] = nodes.flatMap((node) => identities.get(node) ?? [])
      if (first === undefined) return []
      const inodes = new Map(nodes.flatMap((node) => [...inodesBelow(node)]))
      const distinct = [...inodes.values()].reduce((sum, size) => sum + size, 0)
      const grade = nodes.reduce<Grade>((worst, node) => worse(worst, identities.get(node)?.grade ?? "none"), "stable")
      // A directory that holds nothing but another one has the same contents.
      const outer = nodes.filter(({ parent }) => parent === undefined || !nodes.includes(parent))
      const paths = outer.map(({ path }) => path).toSorted()
      const wastedBytes = distinct - first.bytes
      return wastedBytes <= 0 ? [] : [{ id, grade, files: first.files, bytes: first.bytes, paths, wastedBytes }]
    })
    .toSorted((one, other) => other.wastedBytes - one.wastedBytes)
}

export const duplicates = (prepare: Prepare): Duplicates => {
  const reader = new Reader(prepare)
  const contents = prepare(
    `SELECT content FROM cache_inodes WHERE content IS NOT NULL AND algorithm = ? GROUP BY content HAVING count(*) > 1`
  )
    .all(algorithm)
    .flatMap((row) => {
      const contentId = contentIdOf(blob(row[0]))
      const inodes = reader.byContent(contentId)
      const size = inodes[0]?.inode.size ?? 0
      const grade = inodes.reduce<Grade>((worst, { inode }) => worse(worst, inode.grade), "stable")
      return inodes.length < 2 ? [] : [{ contentId, size, grade, inodes, wastedBytes: size * (inodes.length - 1) }]
    })
    .toSorted((one, other) => other.wastedBytes - one.wastedBytes)
  const identities = new Map<Node, Identity>()
  for (const top of load(prepare, reader)) {
    const byNode = new Map<DirectoryNode, Node>()
    const open = [top]
    for (const node of open) {
      byNode.set(node, node)
      open.push(...node.directories)
    }
    identityOf(top, (node, identity) => {
      const own = byNode.get(node)
      if (own !== undefined) identities.set(own, identity)
    })
  }
  const treeOf = (node: Node) => identities.get(node)?.tree
  return {
    contents,
    trees: groupsOf(
      identities,
      ({ tree }) => tree,
      () => true
    ),
    payloads: groupsOf(
      identities,
      ({ payload }) => payload,
      (nodes) => new Set(nodes.map(treeOf)).size > 1
    )
  }
}

/** Both identities of a directory; undefined unless every content id below it is known. */
export const identityAt = (prepare: Prepare, path: string): Identity | undefined => {
  const top = new Paths(prepare).find(path)
  const [node] = top === undefined ? [] : load(prepare, new Reader(prepare), top)
  return node === undefined ? undefined : identityOf(node)
}
