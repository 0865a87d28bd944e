import { dirname, isWithin } from "../platform/BytePath.ts"

/** Absolute, and without an empty, `.` or `..` component that could lead elsewhere than it says. */
export const isPlain = (path: string): boolean =>
  path.startsWith("/") &&
  (path === "/" ||
    path
      .slice(1)
      .split("/")
      .every((name) => name !== "" && name !== "." && name !== ".."))

export const isBelow = (path: string, ancestor: string): boolean => path !== ancestor && isWithin(path, ancestor)

/** One contains the other, or they are the same. */
export const overlap = (one: string, other: string): boolean => isWithin(one, other) || isWithin(other, one)

/** Every directory above it, nearest first, "/" last. */
export const ancestorsOf = (path: string): ReadonlyArray<string> => {
  const all: Array<string> = []
  for (let at = path; at !== "/" && at !== ""; at = all.at(-1) ?? "/") all.push(dirname(at))
  return all
}
