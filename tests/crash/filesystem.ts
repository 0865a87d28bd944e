import fs, { constants } from "node:fs"
import promises from "node:fs/promises"
import { syncBuiltinESMExports } from "node:module"
import { place, point } from "./points.ts"

type Anything = ReadonlyArray<unknown>

const pass = (operation: string, path: unknown) => {
  const where = place(path)
  if (where !== undefined) point(`${operation} ${where}`)
}

const creates = ([, flags]: Anything) =>
  typeof flags === "number" ? (flags & constants.O_CREAT) !== 0 : flags === "w" || flags === "wx"

const last = (args: Anything) => args[1]
const first = (args: Anything) => args[0]
const always = () => true

const afterwards =
  <A extends Anything, B>(
    operation: string,
    act: (...args: A) => B,
    pathOf: (args: A) => unknown,
    when: (args: A) => boolean = always
  ) =>
  (...args: A): B => {
    const result = act(...args)
    if (when(args)) pass(operation, pathOf(args))
    return result
  }

const awaited =
  <A extends Anything, B>(
    operation: string,
    act: (...args: A) => Promise<B>,
    pathOf: (args: A) => unknown,
    when: (args: A) => boolean = always
  ) =>
  async (...args: A): Promise<B> => {
    const result = await act(...args)
    if (when(args)) pass(operation, pathOf(args))
    return result
  }

/**
 * Makes a point after every call that changes a name on the host's disk. The product imports these functions by name;
 * Node lets whoever was first replace them for all.
 */
export const watchFilesystem = () => {
  Object.assign(fs, {
    renameSync: afterwards("rename", fs.renameSync, last),
    linkSync: afterwards("link", fs.linkSync, last),
    unlinkSync: afterwards("unlink", fs.unlinkSync, first),
    rmdirSync: afterwards("rmdir", fs.rmdirSync, first),
    mkdirSync: afterwards("mkdir", fs.mkdirSync, first),
    openSync: afterwards("create", fs.openSync, first, creates)
  })
  Object.assign(promises, {
    rename: awaited("rename", promises.rename, last),
    link: awaited("link", promises.link, last),
    mkdir: awaited("mkdir", promises.mkdir, first),
    open: awaited("create", promises.open, first, creates)
  })
  syncBuiltinESMExports()
}
