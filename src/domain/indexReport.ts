/** What a run did with one root. */
export interface IndexedRoot {
  readonly path: string
  /** Where in it the run began: the root itself, or what was asked for below it. */
  readonly start: string
  readonly fsid: string | null
  /**
   * `complete`: all of it was read. `incomplete`: something was not, so that nothing counts as gone that lies there.
   * `aborted`: it is not what it was, or not there; nothing was changed.
   */
  readonly outcome: "complete" | "incomplete" | "aborted"
  /** Why it was aborted. */
  readonly why: string | null
  readonly files: number
  readonly directories: number
  /** Of all its files, each inode once. */
  readonly bytes: number
  /** Names that are new, and that are gone. */
  readonly added: number
  readonly gone: number
  readonly problems: ReadonlyArray<{ readonly path: string; readonly why: string }>
  /** Places at which another filesystem is mounted; they were not entered. */
  readonly foreign: ReadonlyArray<string>
}

export interface IndexReport {
  readonly roots: ReadonlyArray<IndexedRoot>
  readonly read: {
    readonly files: number
    readonly bytes: number
    /** Files that were written to meanwhile: the next run reads them. */
    readonly changed: number
    readonly problems: ReadonlyArray<{ readonly path: string; readonly why: string }>
  }
  readonly milliseconds: number
}

/** A root of the configuration that is not there is not done by trying again at once; neither is anything lost. */
export const verdict = (report: IndexReport): "done" | "partial" | "stopped" =>
  report.roots.some(({ outcome }) => outcome === "aborted")
    ? "stopped"
    : report.roots.some(({ problems }) => problems.length > 0) || report.read.problems.length > 0
      ? "partial"
      : "done"
