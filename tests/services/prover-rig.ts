import { Effect } from "effect"
import { createHash } from "node:crypto"
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs"
import { tmpdir } from "node:os"
import { fromBytes, join, toBytes } from "../../src/platform/BytePath.ts"
import { parse } from "../../src/domain/metainfo.ts"
import { type Proof, Prover, type View } from "../../src/services/Prover.ts"
import { layer, layerWith } from "../../src/services/Prover/node.ts"
import { type Content, makeMetainfo, type MetainfoOptions, noise, writeContent } from "../fakes/metainfo.ts"

export interface Laid {
  readonly view: View
  /** By the client's index. */
  readonly places: ReadonlyArray<string>
}

export interface ProverRig {
  readonly root: string
  /** Writes a torrent's content below a folder and answers with its view. */
  readonly lay: (folder: string, options: MetainfoOptions) => Laid
}

export const viewOf = (anchor: string, options: MetainfoOptions, places: ReadonlyArray<string | null>): View => {
  const torrent = makeMetainfo(options)
  const parsed = parse(torrent.bytes)
  if ("why" in parsed) throw new Error(parsed.why)
  return { hash: torrent.infohash, metainfo: parsed.metainfo, anchor, places }
}

export const withProverRig = <A, E>(use: (rig: ProverRig) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(`${tmpdir()}/prover-`)),
    (root) =>
      use({
        root,
        lay: (folder, options) => {
          mkdirSync(join(root, folder), { recursive: true })
          const places = writeContent(join(root, folder), options)
          return { view: viewOf(root, options, places), places }
        }
      }),
    (root) => Effect.sync(() => rmSync(root, { recursive: true, force: true }))
  )

type OnBytes = (done: number, total: number) => void

export const prove = (views: ReadonlyArray<View>, onBytes?: OnBytes): Effect.Effect<ReadonlyArray<Proof>> =>
  Effect.provide(
    Prover.use((prover) => prover.prove(views, onBytes)),
    layer
  )

/** Without room for fragments: every piece that is read out of order is read again at the end. */
export const proveTightly = (views: ReadonlyArray<View>): Effect.Effect<ReadonlyArray<Proof>> =>
  Effect.provide(
    Prover.use((prover) => prover.prove(views)),
    layerWith({ heldBytes: 0 })
  )

/** With the second thread that otherwise only much data gets. */
export const proveOnTwoThreads = (views: ReadonlyArray<View>, onBytes?: OnBytes): Effect.Effect<ReadonlyArray<Proof>> =>
  Effect.provide(
    Prover.use((prover) => prover.prove(views, onBytes)),
    layerWith({ secondThreadFrom: 0 })
  )

export const proveOne = (view: View, onBytes?: OnBytes): Effect.Effect<Proof> =>
  Effect.map(prove([view], onBytes), ([proof]) => {
    if (proof === undefined) throw new Error("there is no proof")
    return proof
  })

/** The state of each placed file, by index. */
export const states = (proof: Proof) => proof.files.map(({ state }) => state._tag)

export const contentIdOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`

/** Neither UTF-8 nor on one line. */
export const odd = fromBytes(Buffer.from([0x7a, 0xff, 0x0a]))
export const versions = ["v1", "v2", "hybrid"] as const
export const contents: ReadonlyArray<Content> = [
  { path: "a.mkv", bytes: noise(200_001, "a") },
  { path: "b/c.srt", bytes: noise(100, "c") },
  { path: "b/d.srt", bytes: noise(20_000, "d") },
  { path: "b/empty", bytes: new Uint8Array() },
  { path: odd, bytes: noise(65_536, "odd") }
]
export const show = (version: MetainfoOptions["version"], over: Partial<MetainfoOptions> = {}): MetainfoOptions => ({
  version,
  name: "Show",
  pieceLength: 32_768,
  files: contents,
  ...over
})

/** Writes into a file without changing its inode or length. */
export const overwrite = (path: string, at: number, bytes: Uint8Array) => {
  const fd = openSync(toBytes(path), "r+")
  writeSync(fd, bytes, 0, bytes.length, at)
  closeSync(fd)
}
export const flip = (path: string, at: number) =>
  overwrite(path, at, Buffer.of((readFileSync(toBytes(path))[at] ?? 0) ^ 1))
export const place = (places: ReadonlyArray<string>, index: number) => places[index] ?? ""
