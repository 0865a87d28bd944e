/**
 * What a cached content id is good for. `stable`: nothing has moved since the bytes were read; a deletion may rest on
 * it once the file's facts were read again. `suspect`: ctime has moved (a link, a chmod, or a write whose mtime was put
 * back), or the file was so young when it was read that a later write could bear the same times: good enough to plan.
 */
export type Grade = "stable" | "suspect" | "none"

/** Bump it when content ids are made in another way: those of another version count as none. */
export const algorithm = 1n

/** Content ids are this and 64 hexadecimal digits. */
export const contentPrefix = "sha256:"

/** The content id of an empty file; it need not be read. */
export const emptyContent = `${contentPrefix}e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`

/** Milliseconds. A clock may tick that coarsely: two writes within it can bear the same time. */
export const racyWindow = 2000

/** Times in nanoseconds since the epoch. */
export interface Times {
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
}

export interface Read {
  /** ctime of the file when its bytes were read. */
  readonly ctimeNs: bigint
  /** When reading began, in milliseconds since the epoch. */
  readonly at: number
}

/** Whether a write right after `at` could bear the times that the file has now. */
export const isRacy = ({ ctimeNs, mtimeNs }: Times, at: number): boolean =>
  [mtimeNs, ctimeNs].some((time) => Math.abs(Number(time / 1_000_000n) - at) <= racyWindow)

/** `read` is undefined where nothing is known; size, mtime, inode or birth that moved have made it undefined before. */
export const gradeOf = (now: Times, read: Read | undefined): Grade => {
  if (read === undefined) return "none"
  return read.ctimeNs === now.ctimeNs && !isRacy(now, read.at) ? "stable" : "suspect"
}

/** The lesser of two. */
export const worse = (one: Grade, other: Grade): Grade =>
  one === "none" || other === "none" ? "none" : one === "suspect" ? one : other
