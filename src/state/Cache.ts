import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import type { Identity } from "../domain/indexIdentity.ts"
import type { Facts, Listing } from "../domain/indexStamp.ts"
import { bulk } from "../platform/SqliteClient.ts"
import { evidence, type Evidence, type Fresh, type Judge, passEvidence } from "./Cache/evidence.ts"
import { type Known, namesOf, twins } from "./Cache/copies.ts"
import { type FileList, fileLists, keepFileLists, type ListedFile } from "./Cache/fileLists.ts"
import { type Duplicates, duplicates, identityAt } from "./Cache/duplicates.ts"
import type { Root } from "./Cache/paths.ts"
import { amount, type Extent, meetingSizes, type Page, page, type Within } from "./Cache/pending.ts"
import { type Entry, type Found, Reader } from "./Cache/read.ts"
import type { Inode } from "./Cache/rows.ts"
import { begin, drop, end, type Ending, lead, put, settle, type Step, take } from "./Cache/scans.ts"
import { type Absorbed, type Digest, keep, type Scan } from "./Cache/write.ts"

/** What the last looks at the disks have shown. Answers without touching them. Paths are absolute BytePaths. */
export class Cache extends Context.Service<
  Cache,
  {
    readonly roots: Effect.Effect<ReadonlyArray<Root & { readonly fsid: string }>>
    /** Inodes with these bytes; `contentId` with or without "sha256:". */
    byContent(contentId: string): Effect.Effect<ReadonlyArray<Found>>
    byInode(fsid: string, ino: bigint): Effect.Effect<Option.Option<Found>>
    byPath(path: string): Effect.Effect<Option.Option<Found>>
    /** All known names of an inode, on both sides of any boundary. */
    entriesOf(fsid: string, ino: bigint): Effect.Effect<ReadonlyArray<Entry>>
    /** Every file below a directory that is at or below a root; a hardlink once for each name. */
    entriesBelow(path: string): Effect.Effect<ReadonlyArray<{ readonly path: string; readonly inode: Inode }>>
    /** Those, and of how many names below all these directories together each inode has: compare it with `links`. */
    inside(
      directories: ReadonlyArray<string>
    ): Effect.Effect<ReadonlyArray<{ readonly path: string; readonly inode: Inode; readonly inside: number }>>
    /** Bytes. */
    inodesOfSize(size: number): Effect.Effect<ReadonlyArray<Found>>
    /**
     * For inodes just looked at, in their order: what is known of their bytes and how far it carries. Undefined where
     * nothing is known, or where what is known was of other facts.
     */
    evidence(inodes: ReadonlyArray<Fresh>): Effect.Effect<ReadonlyArray<Evidence | undefined>>
    /** The same for very many: all inodes of a filesystem of whose bytes something is known, one after the other. */
    passEvidence(fsid: string, visit: (ino: bigint, judge: Judge) => void): Effect.Effect<void>
    /** Sizes that meet in several roots and of which some inode was not read: it is not known who are copies there. */
    readonly undecidedSizes: Effect.Effect<ReadonlySet<number>>
    readonly duplicates: Effect.Effect<Duplicates>
    /** Inodes whose bytes another inode has too, wherever they lie; those that are `wanted`. */
    twins(wanted: (inode: Known) => boolean): Effect.Effect<ReadonlyArray<Known>>
    /** The known names of many inodes, in their order. */
    namesOf(inodes: ReadonlyArray<Known>): Effect.Effect<ReadonlyArray<ReadonlyArray<string>>>
    /** Of a directory; none unless every content id below it is known. */
    identity(path: string): Effect.Effect<Option.Option<Identity>>
    /**
     * Files of torrents by infohash: lists read since `since` (milliseconds since the epoch) that have these stamps. A
     * file may have been renamed or deselected since without a trace: for plans only.
     */
    fileLists(
      stamps: ReadonlyMap<string, string>,
      since: number
    ): Effect.Effect<ReadonlyMap<string, ReadonlyArray<ListedFile>>>
    /** Forgets those of torrents that are not `listed`. */
    keepFileLists(lists: ReadonlyArray<FileList>, listed: ReadonlySet<string>): Effect.Effect<void>

    /** Begins a scan: of a whole root, or of something below it. Makes the root known. */
    begin(root: { readonly path: string; readonly fsid: string; readonly ino: bigint }): Effect.Effect<Scan>
    /** Directories that lead from the root to where a scan of a part of it starts, the root first. */
    lead(scan: Scan, steps: ReadonlyArray<Step>): Effect.Effect<void>
    absorb(scan: Scan, listings: ReadonlyArray<Listing>): Effect.Effect<Absorbed>
    /** Returns how many names went with directories that are gone. */
    end(scan: Scan, ending: Ending): Effect.Effect<number>
    /** Takes out a root that is none any more, and all below it that is part of no other. */
    drop(root: Root): Effect.Effect<void>
    readonly meetingSizes: Effect.Effect<ReadonlySet<bigint>>
    amount(
      fs: bigint,
      extent: Extent,
      within: Within
    ): Effect.Effect<{ readonly files: number; readonly bytes: number }>
    pending(fs: bigint, extent: Extent, within: Within, after: bigint, limit: number): Effect.Effect<Page>
    /** A digest whose inode has other facts by now is dropped. */
    keep(fs: bigint, digests: ReadonlyArray<Digest>): Effect.Effect<void>
    /** Makes inodes known that were just looked at; returns the number of their filesystem. */
    put(fsid: string, files: ReadonlyArray<Facts>): Effect.Effect<bigint>
    /** Whether the last run left nothing to read in what it looks at by itself. */
    settle(root: bigint, settled: boolean): Effect.Effect<void>
  }
>()("media-pipeline/Cache") {
  static readonly layer: Layer.Layer<Cache, never, SqlClient.SqlClient> = Layer.effect(
    Cache,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const { read, write } = yield* bulk
  const query = <A>(ask: (reader: Reader) => A): Effect.Effect<A> =>
    Effect.orDie(read((prepare) => ask(new Reader(prepare))))
  return Cache.of({
    roots: query((reader) => reader.roots()),
    byContent: (contentId) => query((reader) => reader.byContent(contentId)),
    byInode: (fsid, ino) => query((reader) => Option.fromNullishOr(reader.byInode(fsid, ino))),
    byPath: (path) => query((reader) => Option.fromNullishOr(reader.byPath(path))),
    entriesOf: (fsid, ino) => query((reader) => reader.byInode(fsid, ino)?.entries ?? []),
    entriesBelow: (path) => query((reader) => reader.below(path)),
    inside: (directories) => query((reader) => reader.inside(directories)),
    inodesOfSize: (size) => query((reader) => reader.ofSize(size)),
    evidence: (inodes) => Effect.orDie(read((prepare) => evidence(prepare, inodes))),
    passEvidence: (fsid, visit) => Effect.orDie(read((prepare) => passEvidence(prepare, fsid, visit))),
    undecidedSizes: query((reader) => reader.undecidedSizes()),
    duplicates: Effect.orDie(read(duplicates)),
    twins: (wanted) => Effect.orDie(read((prepare) => twins(prepare, wanted))),
    namesOf: (inodes) => Effect.orDie(read((prepare) => namesOf(prepare, inodes))),
    identity: (path) => Effect.orDie(read((prepare) => Option.fromNullishOr(identityAt(prepare, path)))),
    fileLists: (stamps, since) => Effect.orDie(read((prepare) => fileLists(prepare, stamps, since))),
    keepFileLists: (lists, listed) => Effect.orDie(write((prepare) => keepFileLists(prepare, lists, listed))),
    begin: (root) => Effect.orDie(write((prepare) => begin(prepare, root))),
    lead: (scan, steps) => Effect.orDie(write((prepare) => lead(prepare, scan, steps))),
    absorb: (scan, listings) => Effect.orDie(write((prepare) => take(prepare, scan, listings))),
    end: (scan, ending) => Effect.orDie(write((prepare) => end(prepare, scan, ending))),
    drop: (root) => Effect.orDie(write((prepare) => drop(prepare, root))),
    meetingSizes: Effect.orDie(read(meetingSizes)),
    amount: (fs, extent, within) => Effect.orDie(read((prepare) => amount(prepare, fs, extent, within))),
    pending: (fs, extent, within, after, limit) =>
      Effect.orDie(read((prepare) => page(prepare, fs, extent, within, after, limit))),
    keep: (fs, digests) =>
      Effect.orDie(
        write((prepare) => {
          for (const digest of digests) keep(prepare, fs, digest)
        })
      ),
    put: (fsid, files) => Effect.orDie(write((prepare) => put(prepare, fsid, files))),
    settle: (root, settled) => Effect.orDie(write((prepare) => settle(prepare, root, settled)))
  })
})
