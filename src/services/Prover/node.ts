import { Effect, Layer } from "effect"
import { createHash, type Hash } from "node:crypto"
import { closeSync, fstatSync, readSync } from "node:fs"
import { availableParallelism } from "node:os"
import { setImmediate } from "node:timers/promises"
import { compare } from "../../domain/fence.ts"
import { entryOf } from "../Disk/stats.ts"
import { type FileProof, type FileState, Prover, type Proof, type Trouble, type View } from "../Prover.ts"
import { confirm, Folders, inodeOf, isOfSystem, lookAt, openAt, type Troubled, troubled } from "./places.ts"
import { type Found, type Inode, isInode, Plan, planView, type ViewPlan } from "./plan.ts"
import { type ContentHash, onAnotherThread, onThisThread } from "./contentHash.ts"
import { readInode } from "./reading.ts"
import { addZeros, type SharedPiece } from "./shared.ts"
import { judge } from "./verdict.ts"

export interface Limits {
  /** Bytes of fragments kept for pieces whose files are read in another order than theirs. */
  readonly heldBytes: number
  /** A second thread pays where there are this many bytes to read, and a second core. */
  readonly secondThreadFrom: number
}

const usual: Limits = { heldBytes: 64 * 1024 * 1024, secondThreadFrom: 128 * 1024 * 1024 }

/** How many calls that do not wait are made before other fibers, a signal or the screen get their turn. */
const turn = 64

const survey = (plan: Plan, folders: Folders, view: View): ReadonlyMap<number, Found> => {
  const found = new Map<number, Found>()
  for (const { index } of view.metainfo.files) {
    const path = index === null ? undefined : view.places[index]
    if (index === null || path === undefined || path === null) continue
    const place = { anchor: view.anchor, path }
    const entry = lookAt(folders, place)
    found.set(index, "_tag" in entry ? entry : plan.inodeAt(entry, place))
  }
  return found
}

/** Opens the inode through the first of its places that still leads to it. The caller closes it. */
const openInode = (folders: Folders, inode: Inode): number | Troubled => {
  let why: Troubled | undefined
  for (const place of inode.places) {
    const fd = openAt(folders, place)
    if (typeof fd !== "number") {
      why ??= fd
      continue
    }
    const entry = entryOf(fstatSync(fd, { bigint: true }))
    if (entry.kind === "file" && inodeOf(entry) === inode.key) return fd
    closeSync(fd)
    why ??= troubled("changed", "another file was put in its place")
  }
  return why ?? troubled("unreadable", "nothing leads to it")
}

const readOne = async (
  folders: Folders,
  inode: Inode,
  content: ContentHash,
  onBytes: (count: number) => void,
  signal: AbortSignal
): Promise<FileState> => {
  const fd = openInode(folders, inode)
  if (typeof fd !== "number") return fd
  try {
    const before = entryOf(fstatSync(fd, { bigint: true }))
    return await readInode(fd, before, inode.sinks, content, onBytes, signal)
  } finally {
    closeSync(fd)
  }
}

/** Adds a range of an inode that was read before. Undefined, or why its bytes are not those of then. */
const addRange = (folders: Folders, inode: Inode, from: number, length: number, buffer: Buffer, hash: Hash) => {
  const { state } = inode
  if (state?._tag !== "read") return state?._tag ?? "unreadable"
  const fd = openInode(folders, inode)
  if (typeof fd !== "number") return fd._tag
  try {
    let left = length
    while (left > 0) {
      const count = readSync(fd, buffer, 0, Math.min(buffer.length, left), from + length - left)
      if (count === 0) return "wrong"
      hash.update(buffer.subarray(0, count))
      left -= count
    }
    const after = entryOf(fstatSync(fd, { bigint: true }))
    return compare(state.fence, after.fence) === "same" ? undefined : "changed"
  } catch (cause) {
    if (!isOfSystem(cause)) throw cause
    return "unreadable"
  } finally {
    closeSync(fd)
  }
}

const readLate = (folders: Folders, plan: Plan, piece: SharedPiece, buffer: Buffer) => {
  const hash = createHash("sha1")
  for (const { from, inode, length } of piece.parts) {
    const at = inode === null ? undefined : plan.inodes.get(inode)
    if (at === undefined) {
      addZeros(hash, length)
      continue
    }
    const trouble: Trouble | "wrong" | undefined = addRange(folders, at, from, length, buffer, hash)
    if (trouble !== undefined) return piece.end(trouble)
  }
  piece.finish(hash.digest())
}

const filesOf = (folders: Folders, { found, view }: ViewPlan): ReadonlyArray<FileProof> =>
  [...found].map(([index, at]) => {
    const path = view.places[index] ?? ""
    const state = isInode(at) ? (at.state ?? troubled("unreadable", "it was not read")) : at
    return {
      index,
      path,
      wanted: view.unwanted?.has(index) !== true,
      state: confirm(folders, { anchor: view.anchor, path }, state)
    }
  })

const run = async (
  views: ReadonlyArray<View>,
  limits: Limits,
  onBytes: (done: number, total: number) => void,
  signal: AbortSignal
): Promise<ReadonlyArray<Proof>> => {
  const folders = new Folders()
  let calls = 0
  const breathe = async () => {
    calls += 1
    if (calls % turn === 0) await setImmediate()
    signal.throwIfAborted()
  }
  try {
    const plan = new Plan(limits.heldBytes)
    const surveyed: Array<{ view: View; found: ReadonlyMap<number, Found> }> = []
    for (const view of views) {
      surveyed.push({ view, found: survey(plan, folders, view) })
      await breathe()
    }
    const plans = surveyed.map(({ found, view }) => planView(plan, view, found))
    const total = [...plan.inodes.values()].reduce((sum, { size }) => sum + size, 0)
    let done = 0
    const count = (bytes: number) => onBytes((done += bytes), total)
    const content = total >= limits.secondThreadFrom && availableParallelism() > 1 ? onAnotherThread() : onThisThread()
    try {
      for (const inode of plan.inodes.values()) {
        inode.state = await readOne(folders, inode, content, count, signal)
        const { state } = inode
        for (const sink of inode.sinks) sink.settle(state._tag === "read" ? undefined : state._tag)
        await breathe()
      }
      const [buffer = Buffer.alloc(0)] = content.buffers
      for (const piece of plan.shared.values()) {
        if (!piece.isLate) continue
        readLate(folders, plan, piece, buffer)
        await breathe()
      }
    } finally {
      await content.close()
    }
    folders.close()
    const proofs: Array<Proof> = []
    for (const each of plans) {
      proofs.push(judge(each, filesOf(folders, each)))
      await breathe()
    }
    return proofs
  } finally {
    folders.close()
  }
}

export const layerWith = (given: Partial<Limits>): Layer.Layer<Prover> =>
  Layer.succeed(
    Prover,
    Prover.of({
      prove: (views, onBytes) =>
        Effect.promise((signal) => run(views, { ...usual, ...given }, onBytes ?? (() => undefined), signal))
    })
  )

export const layer = layerWith({})
