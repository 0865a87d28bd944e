import { createHash } from "node:crypto"
import { toBytes } from "../platform/BytePath.ts"
import { type Grade, worse } from "./indexGrade.ts"

/** One file of a payload, as far as its identity goes. Size in bytes. */
export interface Content {
  readonly size: number
  readonly contentId: string
}

/**
 * The identity of a payload without names and layout: sha256 over its (size, content id) in order, each as often as it
 * occurs, empty files left out. Leave out pad files and unwanted files before. Undefined when nothing remains.
 */
export const payloadId = (files: Iterable<Content>): string | undefined => {
  const lines = [...files]
    .filter(({ size }) => size > 0)
    .map(({ contentId, size }) => `${size} ${contentId}\n`)
    .toSorted()
  if (lines.length === 0) return undefined
  const hash = createHash("sha256")
  for (const line of lines) hash.update(line)
  return `payload:${hash.digest("hex")}`
}

/** What a directory holds. `id` is a content id or the tree id of a directory. */
export interface Named {
  readonly name: string
  readonly kind: "file" | "directory"
  readonly id: string
}

/** The identity of a subtree, names and layout included. An empty directory has one too. */
export const treeId = (entries: Iterable<Named>): string => {
  const records = [...entries].map(({ id, kind, name }) =>
    Buffer.concat([toBytes(name), Buffer.from(`\0${kind}\0${id}\n`)])
  )
  const hash = createHash("sha256")
  for (const record of records.toSorted(Buffer.compare)) hash.update(record)
  return `tree:${hash.digest("hex")}`
}

export interface FileNode extends Content {
  readonly name: string
  readonly grade: Grade
}

/** A directory with all that the cache knows to be below it. */
export interface DirectoryNode {
  readonly name: string
  readonly files: ReadonlyArray<FileNode>
  readonly directories: ReadonlyArray<DirectoryNode>
  /** False where it was not read, or holds something that is neither file nor directory (a symlink, a mount). */
  readonly whole: boolean
}

export interface Identity {
  readonly tree: string
  /** Undefined where there is not one file with content. */
  readonly payload: string | undefined
  /** Of the worst file. */
  readonly grade: Grade
  readonly files: number
  readonly bytes: number
  readonly contents: ReadonlyArray<Content>
}

/** Both identities of a directory; undefined unless every content id below it is known. */
export const identityOf = (
  node: DirectoryNode,
  note: (node: DirectoryNode, identity: Identity) => void = () => undefined
): Identity | undefined => {
  const below = node.directories.map((child) => ({ child, identity: identityOf(child, note) }))
  if (!node.whole || node.files.some(({ grade }) => grade === "none")) return undefined
  const known: Array<Named> = node.files.map(({ contentId, name }) => ({ name, kind: "file", id: contentId }))
  const contents: Array<Content> = node.files.map(({ contentId, size }) => ({ contentId, size }))
  let grade: Grade = node.files.reduce<Grade>((worst, file) => worse(worst, file.grade), "stable")
  for (const { child, identity } of below) {
    if (identity === undefined) return undefined
    known.push({ name: child.name, kind: "directory", id: identity.tree })
    for (const content of identity.contents) contents.push(content)
    grade = worse(grade, identity.grade)
  }
  const identity: Identity = {
    tree: treeId(known),
    payload: payloadId(contents),
    grade,
    files: contents.length,
    bytes: contents.reduce((sum, { size }) => sum + size, 0),
    contents
  }
  note(node, identity)
  return identity
}
