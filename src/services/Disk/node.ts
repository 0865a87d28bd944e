import { Clock, Effect, Layer } from "effect"
import { constants, lstatSync, readdirSync, realpathSync, statfsSync, statSync } from "node:fs"
import { link, mkdir, open } from "node:fs/promises"
import { absent, type Fact, known, unreadable } from "../../domain/fact.ts"
import { dirname, fromBytes, toBytes } from "../../platform/BytePath.ts"
import { Disk, DiskError } from "../Disk.ts"
import { hashFile } from "./hash.ts"
import { codeOf, entryOf, kindOf, whyOf } from "./stats.ts"
import { walkTree } from "./walk.ts"

const classes: Record<string, DiskError["class"]> = {
  ENOENT: "absent",
  ENOTDIR: "absent",
  EEXIST: "exists",
  ECHANGED: "changed",
  EXDEV: "other-device"
}

const failed = (path: string, operation: string) => (cause: unknown) =>
  new DiskError({ path, operation, class: classes[codeOf(cause)] ?? "unreadable", why: whyOf(cause) })

const parentIsThere = (path: string): boolean => {
  try {
    return statSync(toBytes(dirname(path))).isDirectory()
  } catch {
    return false
  }
}

const factOf = <A>(path: string, read: () => A): Effect.Effect<Fact<A>> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    try {
      return known(read(), path, now)
    } catch (cause) {
      const code = codeOf(cause)
      if (code !== "ENOENT" && code !== "ENOTDIR") return unreadable(path, now, whyOf(cause))
      return code === "ENOTDIR" || parentIsThere(path)
        ? absent(path, now)
        : unreadable(path, now, `its folder ${dirname(path)} is not there`)
    }
  })

const flushPath = async (path: string) => {
  const handle = await open(toBytes(path), constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const readRange = async (path: string, offset: number, length: number): Promise<Uint8Array> => {
  const handle = await open(toBytes(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

const makeDirectories = async (path: string, mode: number): Promise<void> => {
  try {
    await mkdir(toBytes(path), { mode })
  } catch (cause) {
    const code = codeOf(cause)
    if (code === "EEXIST" && lstatSync(toBytes(path)).isDirectory()) return
    if (code !== "ENOENT" || path === "/") throw cause
    await makeDirectories(dirname(path), mode)
    await mkdir(toBytes(path), { mode })
  }
  await flushPath(dirname(path))
}

export const layer = Layer.succeed(
  Disk,
  Disk.of({
    stat: (path) => factOf(path, () => entryOf(lstatSync(toBytes(path), { bigint: true }))),
    resolve: (path) =>
      factOf(path, () => {
        const real = realpathSync.native(toBytes(path), { encoding: "buffer" })
        return { path: fromBytes(real), entry: entryOf(lstatSync(real, { bigint: true })) }
      }),
    entries: (folder) =>
      factOf(folder, () =>
        readdirSync(toBytes(folder), { encoding: "buffer", withFileTypes: true })
          .toSorted((one, other) => Buffer.compare(one.name, other.name))
          .map((entry) => ({ name: fromBytes(entry.name), kind: kindOf(entry) }))
      ),
    walk: Effect.fnUntraced(function* (root: string) {
      const at = yield* factOf(root, () => entryOf(lstatSync(toBytes(root), { bigint: true })))
      return at._tag === "Known" ? yield* walkTree(root, at.value) : at
    }),
    hash: (path, also, onBytes) =>
      Effect.tryPromise({
        try: (signal) => hashFile(path, also, onBytes ?? (() => undefined), signal),
        catch: failed(path, "reading")
      }),
    read: (path, offset, length) =>
      Effect.tryPromise({ try: () => readRange(path, offset, length), catch: failed(path, "reading") }),
    freeBytes: (path) =>
      factOf(path, () => {
        const stats = statfsSync(toBytes(path), { bigint: true })
        return Number(stats.bavail * stats.bsize)
      }),
    makeDirectory: (path, mode) =>
      Effect.tryPromise({ try: () => makeDirectories(path, mode), catch: failed(path, "creating the folder") }),
    link: (from, to) =>
      Effect.tryPromise({
        try: async () => {
          await link(toBytes(from), toBytes(to))
          await flushPath(dirname(to))
        },
        catch: failed(to, "linking")
      }),
    flush: (path) =>
      Effect.tryPromise({
        try: async () => {
          await flushPath(path)
          await flushPath(dirname(path))
        },
        catch: failed(path, "flushing")
      })
  })
)
