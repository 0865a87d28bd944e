import { codeOf, whyOf } from "../Disk/stats.ts"
import { ViewsError } from "../Views.ts"

/** Ends an act that is not to be; the adapter makes an error of it. */
export class Refused extends Error {
  readonly class: ViewsError["class"]
  constructor(kind: ViewsError["class"], why: string) {
    super(why)
    this.class = kind
  }
}

const classes: Record<string, ViewsError["class"]> = {
  ENOENT: "absent",
  EEXIST: "exists",
  ENOTEMPTY: "exists",
  // A symlink or a file where a folder should be.
  ENOTDIR: "exists",
  ELOOP: "exists",
  EXDEV: "other-filesystem",
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  EFBIG: "no-space",
  EPERM: "refused",
  EACCES: "refused",
  EROFS: "refused",
  EMLINK: "refused"
}

export const failed = (path: string, operation: string) => (cause: unknown) =>
  new ViewsError({
    path,
    operation,
    class: cause instanceof Refused ? cause.class : (classes[codeOf(cause)] ?? "unreadable"),
    why: whyOf(cause)
  })
