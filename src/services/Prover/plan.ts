import { layoutOf } from "../../domain/pieces.ts"
import type { Metainfo, MetainfoFile } from "../../domain/metainfo.ts"
import { basename } from "../../platform/BytePath.ts"
import type { Entry } from "../Disk.ts"
import type { FileState, UnprovenRange, View } from "../Prover.ts"
import { BlockTree, TreeClaim } from "./blocks.ts"
import { inodeOf, type Place, type Troubled } from "./places.ts"
import { PieceRun, RunClaim } from "./runs.ts"
import { type Budget, type Part, SharedClaim, SharedPiece } from "./shared.ts"
import type { Sink } from "./sink.ts"

/** One content on the disk, every place that leads to it, and all that wait for its bytes. */
export interface Inode {
  readonly key: string
  readonly places: Array<Place>
  readonly size: number
  readonly sinks: Array<Sink>
  readonly runs: Map<string, PieceRun>
  readonly trees: Map<number, BlockTree>
  state: FileState | undefined
}

/** What a view's place was found to be. */
export type Found = Inode | Troubled

export interface Claimed<A> {
  readonly claim: A
  readonly files: ReadonlyArray<number>
}

/** What one view waits for. */
export interface ViewPlan {
  readonly view: View
  readonly found: ReadonlyMap<number, Found>
  readonly runs: ReadonlyArray<Claimed<RunClaim>>
  readonly trees: ReadonlyArray<Claimed<TreeClaim>>
  /** `tentative`: a file in it is not wanted, and so may be incomplete. */
  readonly shared: ReadonlyArray<Claimed<SharedClaim> & { readonly tentative: boolean }>
  /** What cannot be proven whatever is read. */
  readonly lost: ReadonlyArray<UnprovenRange>
}

export const isInode = (found: Found | undefined): found is Inode => found !== undefined && "sinks" in found

/** The plan of one run: inodes in the order in which the views need them, pieces that cross files once for all views. */
export class Plan {
  readonly inodes = new Map<string, Inode>()
  readonly shared = new Map<string, SharedPiece>()
  readonly #budget: Budget

  constructor(heldBytes: number) {
    this.#budget = { free: heldBytes }
  }

  inodeAt(entry: Entry, place: Place): Inode {
    const key = inodeOf(entry)
    const known = this.inodes.get(key)
    if (known !== undefined) {
      known.places.push(place)
      return known
    }
    const size = Number(entry.fence.size)
    const inode = { key, places: [place], size, sinks: [], runs: new Map(), trees: new Map(), state: undefined }
    this.inodes.set(key, inode)
    return inode
  }

  runOf({ runs, sinks }: Inode, pieceLength: number, from: number): PieceRun {
    const key = `${pieceLength}:${from}`
    const known = runs.get(key)
    if (known !== undefined) return known
    const run = new PieceRun(pieceLength, from)
    runs.set(key, run)
    sinks.push(run)
    return run
  }

  treeOf({ sinks, trees }: Inode, size: number): BlockTree {
    const known = trees.get(size)
    if (known !== undefined) return known
    const tree = new BlockTree(size)
    trees.set(size, tree)
    sinks.push(tree)
    return tree
  }

  sharedOf(parts: ReadonlyArray<Part>): SharedPiece {
    const key = parts.map(({ from, inode, length }) => `${inode ?? ""}:${from}:${length}`).join("|")
    const known = this.shared.get(key)
    if (known !== undefined) return known
    const piece = new SharedPiece(parts, this.#budget)
    this.shared.set(key, piece)
    for (const [at, { inode }] of parts.entries()) {
      if (inode !== null) this.inodes.get(inode)?.sinks.push(piece.sink(at))
    }
    return piece
  }
}

/** Pad files of before BEP 47: ordinary files by their form, and by custom not wanted. */
const looksLikePad = ({ path }: MetainfoFile): boolean => basename(path).startsWith("_____padding_file_")

const v1Of = (plan: Plan, view: View, found: ReadonlyMap<number, Found>, pieces: Uint8Array) => {
  const { files, pieceLength } = view.metainfo
  const layout = layoutOf(view.metainfo)
  const isWanted = ({ index }: MetainfoFile) => index !== null && found.has(index) && view.unwanted?.has(index) !== true
  const runs: Array<Claimed<RunClaim>> = []
  const shared: Array<Claimed<SharedClaim> & { tentative: boolean }> = []
  const lost: Array<UnprovenRange> = []
  for (const { count, first, from, position } of layout?.inner ?? []) {
    const file = files[position]
    if (file === undefined || file.index === null || !isWanted(file)) continue
    const at = found.get(file.index)
    if (isInode(at)) {
      const claim = new RunClaim(first, count, pieces)
      plan.runOf(at, pieceLength, from).claims.push(claim)
      runs.push({ claim, files: [file.index] })
    } else if (at !== undefined) {
      lost.push({ half: "v1", first, last: first + count - 1, files: [file.index], why: at._tag })
    }
  }
  for (const { piece, segments } of layout?.shared ?? []) {
    const inside = segments.flatMap((segment) => {
      const file = files[segment.position]
      return file === undefined ? [] : [{ ...segment, file }]
    })
    const real = inside.filter(({ file }) => !file.pad)
    if (!real.some(({ file }) => isWanted(file))) continue
    const indexes = real.flatMap(({ file }) => (file.index === null ? [] : [file.index]))
    const tentative = real.some(({ file }) => !isWanted(file))
    const parts: Array<Part> = []
    let why: UnprovenRange["why"] | undefined
    for (const { file, from, length } of inside) {
      const at = file.index === null ? undefined : found.get(file.index)
      if (isInode(at)) parts.push({ inode: at.key, from, length })
      else if (file.pad || (at === undefined && looksLikePad(file))) parts.push({ inode: null, from: 0, length })
      else if (at !== undefined && isWanted(file)) why = at._tag
      else why ??= "edge"
    }
    if (why !== undefined) {
      lost.push({ half: "v1", first: piece, last: piece, files: indexes, why })
      continue
    }
    const claim = new SharedClaim(piece, pieces)
    plan.sharedOf(parts).claims.push(claim)
    shared.push({ claim, files: indexes, tentative })
  }
  return { runs, shared, lost }
}

const v2Of = (plan: Plan, view: View, found: ReadonlyMap<number, Found>) => {
  const { files, pieceLength, pieceLayers }: Metainfo = view.metainfo
  const trees: Array<Claimed<TreeClaim>> = []
  const lost: Array<UnprovenRange> = []
  for (const { index, piecesRoot, size } of files) {
    if (index === null || piecesRoot === null || view.unwanted?.has(index) === true) continue
    const at = found.get(index)
    const claim = new TreeClaim(size, pieceLength, piecesRoot, pieceLayers.get(piecesRoot))
    if (isInode(at)) {
      plan.treeOf(at, size).claims.push(claim)
      trees.push({ claim, files: [index] })
    } else if (at !== undefined) {
      lost.push({ half: "v2", first: 0, last: claim.count - 1, files: [index], why: at._tag })
    }
  }
  return { trees, lost }
}

export const planView = (plan: Plan, view: View, found: ReadonlyMap<number, Found>): ViewPlan => {
  const { pieces } = view.metainfo
  const v1 = pieces === null ? { runs: [], shared: [], lost: [] } : v1Of(plan, view, found, pieces)
  const v2 = v2Of(plan, view, found)
  return { view, found, runs: v1.runs, trees: v2.trees, shared: v1.shared, lost: [...v1.lost, ...v2.lost] }
}
