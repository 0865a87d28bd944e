import { Effect, Option, Schema } from "effect"
import type { Grade } from "../../domain/indexGrade.ts"
import { dirname, display } from "../../platform/BytePath.ts"
import { Cache } from "../../state/Cache.ts"
import type { Found } from "../../state/Cache/read.ts"

/** Exit code 1. */
export class NotIndexed extends Schema.TaggedError<NotIndexed>()("NotIndexed", { target: Schema.String }) {
  override get message() {
    return `the hash cache knows nothing of ${display(this.target)}: it lies below no root, is newer than the last index, or, if it is a hash, no file that was read has it. Run index, or index --full`
  }
}

/** As people and programs get it: whole numbers that JSON cannot hold are text. */
export interface ShownInode {
  readonly fsid: string
  readonly ino: string
  readonly size: number
  readonly links: number
  readonly contentId: string | null
  readonly grade: Grade
  /** Milliseconds since the epoch. */
  readonly modifiedAt: number
  readonly hashedAt: number | null
  readonly names: ReadonlyArray<{ readonly path: string; readonly current: boolean }>
}

export interface FoundFile {
  readonly kind: "file"
  readonly target: string
  /** Null when a hash was asked for that no file has, which is an error then. */
  readonly contentId: string | null
  /** The one asked for first, then those of the same content. */
  readonly inodes: ReadonlyArray<ShownInode>
}

export interface FoundDirectory {
  readonly kind: "directory"
  readonly target: string
  /** Names, and the bytes of their inodes, each once. */
  readonly files: number
  readonly bytes: number
  /** Inodes without a content id: with one of them there is no identity. */
  readonly unread: number
  readonly tree: string | null
  readonly payload: string | null
  readonly grade: Grade
}

export const shown = ({ entries, inode }: Found): ShownInode => ({
  fsid: inode.fsid,
  ino: inode.ino.toString(),
  size: inode.size,
  links: inode.links,
  contentId: inode.contentId,
  grade: inode.grade,
  modifiedAt: Number(inode.mtimeNs / 1_000_000n),
  hashedAt: inode.hashedAt,
  names: entries
})

const directory = Effect.fnUntraced(function* (path: string) {
  const cache = yield* Cache
  const below = yield* cache.entriesBelow(path)
  const identity = Option.getOrUndefined(yield* cache.identity(path))
  if (below.length === 0 && identity === undefined) return yield* new NotIndexed({ target: path })
  const inodes = new Map(below.map(({ inode }) => [inode.ino, inode]))
  const answer: FoundDirectory = {
    kind: "directory",
    target: path,
    files: below.length,
    bytes: [...inodes.values()].reduce((sum, { size }) => sum + size, 0),
    unread: [...inodes.values()].filter(({ grade }) => grade === "none").length,
    tree: identity?.tree ?? null,
    payload: identity?.payload ?? null,
    grade: identity?.grade ?? "none"
  }
  return answer
})

/** What the cache knows of an absolute path or a content id. Touches no disk but the database's. */
export const find = Effect.fn("index.find")(function* (target: string) {
  const cache = yield* Cache
  if (!target.startsWith("/")) {
    const found = yield* cache.byContent(target.toLowerCase())
    if (found.length === 0) return yield* new NotIndexed({ target })
    const answer: FoundFile = {
      kind: "file",
      target,
      contentId: found[0]?.inode.contentId ?? null,
      inodes: found.map(shown)
    }
    return answer
  }
  const path = target.length > 1 && target.endsWith("/") ? dirname(`${target}x`) : target
  const file = yield* cache.byPath(path)
  if (Option.isNone(file)) return yield* directory(path)
  const { contentId, fsid, ino } = file.value.inode
  const twins =
    contentId === null || file.value.inode.size === 0
      ? []
      : (yield* cache.byContent(contentId)).filter(({ inode }) => inode.fsid !== fsid || inode.ino !== ino)
  const answer: FoundFile = { kind: "file", target: path, contentId, inodes: [file.value, ...twins].map(shown) }
  return answer
})

/** Everything that is there more than once and takes room for it. */
export const duplicates = Effect.fn("index.duplicates")(function* () {
  const { contents, payloads, trees } = yield* (yield* Cache).duplicates
  return {
    wastedBytes: contents.reduce((sum, { wastedBytes }) => sum + wastedBytes, 0),
    contents: contents.map((one) => ({ ...one, inodes: one.inodes.map(shown) })),
    trees,
    payloads
  }
})

export type ShownDuplicates = Effect.Success<ReturnType<typeof duplicates>>
