import { basename, display } from "../platform/BytePath.ts"

/**
 * The path that a person means who copied a name from our output, where what a terminal cannot show is escaped. A name
 * that is there as it was given comes first; several that look the same are none.
 */
export const unescaped = (target: string, paths: ReadonlyArray<string>): string => {
  if (!target.includes("\\") || paths.some((path) => path === target || basename(path) === target)) return target
  const [only, ...others] = paths.filter((path) => display(path) === target || display(basename(path)) === target)
  return only !== undefined && others.length === 0 ? only : target
}
