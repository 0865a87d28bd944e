import { closeSync, constants, openSync } from "node:fs"
import { compare } from "../../domain/fence.ts"
import { basename, dirname, display, isWithin } from "../../platform/BytePath.ts"
import type { Entry } from "../Disk.ts"
import { codeOf, whyOf } from "../Disk/stats.ts"
import { inside, isGone, isSwapped, look, openPath } from "../Gate/descend.ts"
import type { FileState, Trouble } from "../Prover.ts"

export interface Place {
  readonly anchor: string
  readonly path: string
}

export interface Troubled {
  readonly _tag: Trouble
  readonly why: string
}

export const troubled = (_tag: Trouble, why: string): Troubled => ({ _tag, why })

/** An error of a call, not of the program or of an abort. */
export const isOfSystem = (cause: unknown): boolean => cause instanceof Error && "syscall" in cause

/** Takes the folder of the last place as open: files of one torrent lie side by side. */
export class Folders {
  #fd: number | undefined
  #anchor = ""
  #folder = ""

  /** Runs `use` on the descriptor of a place's folder; what it throws becomes trouble. */
  with<A>({ anchor, path }: Place, use: (fd: number, name: string) => A): A | Troubled {
    const folder = dirname(path)
    if (!isWithin(folder, anchor) || path.split("/").includes("..")) {
      return troubled("unreadable", `it does not lie below ${display(anchor)}`)
    }
    try {
      this.#open(anchor, folder)
    } catch (cause) {
      if (isSwapped(cause)) return troubled("odd", "a folder above it is a symlink or no folder")
      return troubled("unreadable", isGone(cause) ? `its folder ${display(folder)} is not there` : whyOf(cause))
    }
    try {
      return use(this.#fd ?? -1, basename(path))
    } catch (cause) {
      if (codeOf(cause) === "ENOENT") return troubled("absent", "it is not there")
      return codeOf(cause) === "ELOOP" ? troubled("odd", "it is a symlink") : troubled("unreadable", whyOf(cause))
    }
  }

  #open(anchor: string, folder: string) {
    if (this.#fd !== undefined && anchor === this.#anchor && folder === this.#folder) return
    this.close()
    this.#fd = openPath(anchor, folder)
    this.#anchor = anchor
    this.#folder = folder
  }

  /** Also before looking again at what was seen: the folders may have been replaced since. */
  close() {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

export const lookAt = (folders: Folders, place: Place): Entry | Troubled =>
  folders.with(place, (fd, name) => {
    const entry = look(fd, name)
    if (entry === undefined) return troubled("absent", "it is not there")
    return entry.kind === "file" ? entry : troubled("odd", `it is a ${entry.kind}`)
  })

/** O_NONBLOCK: opening a FIFO that was put in its place must not wait for a writer. The caller closes it. */
export const openAt = (folders: Folders, place: Place): number | Troubled =>
  folders.with(place, (fd, name) =>
    openSync(inside(fd, name), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  )

/** Whether the place still leads to what was read. */
export const confirm = (folders: Folders, place: Place, state: FileState): FileState => {
  if (state._tag !== "read") return state
  const entry = lookAt(folders, place)
  if ("_tag" in entry) return troubled("changed", `it was read, and then ${entry.why}`)
  return entry.fence.dev === state.fence.dev && compare(state.fence, entry.fence) === "same"
    ? state
    : troubled("changed", "it changed while it was read")
}

export const inodeOf = ({ fence }: Entry): string => `${fence.dev}:${fence.ino}`
