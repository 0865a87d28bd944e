import { Effect, Layer } from "effect"
import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync
} from "node:fs"
import { compare, type Fence, isSameInode } from "../../domain/fence.ts"
import { basename, dirname, fromBytes, isWithin, join } from "../../platform/BytePath.ts"
import { sameFilesystem } from "../../platform/Filesystem.ts"
import { codeOf } from "../Disk/stats.ts"
import { inside, look, openBelow, openPath } from "../Gate/descend.ts"
import { openQuarantine } from "../Gate/quarantine.ts"
import { endMove } from "../Gate/relocated.ts"
import { type Spot, Views } from "../Views.ts"
import { copyInto } from "./copy.ts"
import { failed, Refused } from "./refused.ts"

const attempt = <A>(path: string, operation: string, act: () => A) =>
  Effect.try({ try: act, catch: failed(path, operation) }).pipe(Effect.uninterruptible)

const closing = <A>(fd: number, use: (fd: number) => A): A => {
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

/** Opens the folder that a spot lies in. */
const openFolder = ({ anchor, path }: Spot, open?: (fd: number, name: string) => number): number => {
  if (!isWithin(path, anchor) || path === anchor) throw new Refused("refused", `it does not lie below ${anchor}`)
  return openPath(anchor, dirname(path), open)
}

const expect = (fd: number, name: string, fence: Fence) => {
  const entry = look(fd, name)
  if (entry === undefined) throw new Refused("absent", "it is not there")
  if (entry.kind !== "file" || !isSameInode(fence, entry.fence) || compare(fence, entry.fence) === "changed") {
    throw new Refused("changed", "it is not the file any more that was meant")
  }
  return entry
}

/** The inode under a name that was just made, or was there before. */
const arrived = (fd: number, name: string, fence: Fence): Fence => {
  const entry = look(fd, name)
  if (entry === undefined || !isSameInode(fence, entry.fence)) throw new Refused("exists", "another file lies there")
  if (compare(fence, entry.fence) === "changed") throw new Refused("changed", "it was written to in this moment")
  return entry.fence
}

const linkFile = (source: Spot, fence: Fence, to: Spot): Fence =>
  closing(openFolder(source), (from) =>
    closing(openFolder(to), (into) => {
      expect(from, basename(source.path), fence)
      try {
        linkSync(inside(from, basename(source.path)), inside(into, basename(to.path)))
        fsyncSync(into)
      } catch (cause) {
        if (codeOf(cause) !== "EEXIST") throw cause
      }
      return arrived(into, basename(to.path), fence)
    })
  )

const publishFolder = (from: number, into: number): void => {
  for (const bytes of readdirSync(inside(from, ""), { encoding: "buffer" })) {
    const name = fromBytes(bytes)
    const staged = look(from, name)
    const there = look(into, name)
    if (staged?.kind === "file") {
      if (there === undefined) linkSync(inside(from, name), inside(into, name))
      arrived(into, name, staged.fence)
    } else if (staged?.kind !== "directory") throw new Refused("exists", `${name} is not what was staged`)
    else if (there === undefined) {
      // Over an empty folder that came in this moment, or not at all.
      renameSync(inside(from, name), inside(into, name))
    } else {
      closing(openBelow(from, name), (below) => closing(openBelow(into, name), (there) => publishFolder(below, there)))
    }
  }
  fsyncSync(into)
  fsyncSync(from)
}

type Mover = (from: number, name: string, into: number, as: string) => void

/** Into a private folder of ours, where nobody else makes names: the look before it cannot be outrun. */
const rename: Mover = (from, name, into, as) => {
  if (look(into, as) !== undefined) throw new Refused("exists", `${as} is taken`)
  // On one filesystem, or it fails (EXDEV): nothing is ever copied and deleted.
  renameSync(inside(from, name), inside(into, as))
  fsyncSync(into)
  fsyncSync(from)
}

/** Where no link may be made of it (protected_hardlinks, no links on this filesystem, too many of them). */
const noLink = new Set(["EPERM", "EMLINK", "ENOTSUP", "EOPNOTSUPP"])

/** Where others make names too: a link never replaces anything, whoever comes first. */
const linkOver: Mover = (from, name, into, as) => {
  try {
    linkSync(inside(from, name), inside(into, as))
  } catch (cause) {
    if (noLink.has(codeOf(cause))) return rename(from, name, into, as)
    if (codeOf(cause) !== "EEXIST") throw cause
  }
  fsyncSync(into)
  const why = endMove({ fd: from, name }, { fd: into, name: as })
  if (why !== undefined) throw new Refused("exists", why)
}

const moveFile = (source: Spot, fence: Fence, to: Spot, open: (to: Spot) => number, move: Mover): Fence =>
  closing(openFolder(source), (from) =>
    closing(open(to), (into) => {
      expect(from, basename(source.path), fence)
      move(from, basename(source.path), into, basename(to.path))
      return arrived(into, basename(to.path), fence)
    })
  )

const openOrMake = (fd: number, name: string): number => {
  try {
    mkdirSync(inside(fd, name), { mode: 0o755 })
    fsyncSync(fd)
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
  }
  return openBelow(fd, name)
}

/** Only root can give a file away. */
const give = (path: Buffer, uid: number, gid: number): void => {
  try {
    lchownSync(path, uid, gid)
  } catch (cause) {
    if (codeOf(cause) !== "EPERM" && codeOf(cause) !== "EINVAL") throw cause
  }
}

const makeEmpty = (like: Spot, to: Spot): Fence =>
  closing(openFolder(like), (from) =>
    closing(openFolder(to), (into) => {
      const name = inside(into, basename(to.path))
      const { gid, mode, size, uid } = lstatSync(inside(from, basename(like.path)))
      if (size !== 0) throw new Refused("changed", "it is not empty any more")
      try {
        closing(openSync(name, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600), (file) =>
          fsyncSync(file)
        )
      } catch (cause) {
        if (codeOf(cause) !== "EEXIST") throw cause
      }
      const made = look(into, basename(to.path))
      if (made?.kind !== "file" || made.fence.size !== 0n) throw new Refused("exists", "another file lies there")
      give(name, uid, gid)
      chmodSync(name, mode & 0o777)
      fsyncSync(into)
      return look(into, basename(to.path))?.fence ?? made.fence
    })
  )

/** The folders below both anchors, those of the one made like those of the other. */
const mirror = (like: Spot, to: Spot): void => {
  const names = to.path
    .slice(to.anchor.length)
    .split("/")
    .filter((name) => name !== "")
  const models = like.path
    .slice(like.anchor.length)
    .split("/")
    .filter((name) => name !== "")
  for (const depth of names.keys()) {
    const model = join(like.anchor, models.slice(0, models.length - names.length + depth + 1).join("/"))
    const path = join(to.anchor, names.slice(0, depth + 1).join("/"))
    closing(openFolder({ anchor: to.anchor, path }), (fd) => {
      const name = basename(path)
      if (look(fd, name)?.kind !== "directory") mkdirSync(inside(fd, name), { mode: 0o700 })
      closing(openPath(like.anchor, model), (shape) => {
        const { gid, mode, uid } = fstatSync(shape)
        give(inside(fd, name), uid, gid)
        chmodSync(inside(fd, name), mode & 0o7777)
      })
      fsyncSync(fd)
    })
  }
}

export const layer = Layer.succeed(
  Views,
  Views.of({
    staging: Effect.fnUntraced(function* (spot) {
      yield* attempt(spot.path, "making the staging folder", () => closeSync(openQuarantine(spot.anchor, spot.path)))
      const same = yield* Effect.mapError(sameFilesystem(spot.path, spot.anchor), (error) =>
        failed(spot.path, "probing the staging folder")(new Error(error.why))
      )
      if (!same) {
        return yield* failed(
          spot.path,
          "probing the staging folder"
        )(new Refused("other-filesystem", `no link can be made from it into ${spot.anchor}`))
      }
    }),
    folders: (like, to) => attempt(to.path, "creating the folder", () => mirror(like, to)),
    copy: (source, fence, to, onBytes) =>
      Effect.tryPromise({
        try: async (signal) => {
          const from = openFolder(source)
          try {
            const into = openFolder(to)
            try {
              const name = basename(to.path)
              if (look(into, name) !== undefined) throw new Refused("exists", "another file lies there")
              const there = { fd: into, name }
              const copied = await copyInto(
                { fd: from, name: basename(source.path) },
                fence,
                there,
                onBytes ?? (() => undefined),
                signal
              )
              renameSync(inside(into, `${name}.part`), inside(into, name))
              fsyncSync(into)
              return { ...copied, fence: arrived(into, name, copied.fence) }
            } finally {
              closeSync(into)
            }
          } finally {
            closeSync(from)
          }
        },
        catch: failed(source.path, "copying")
      }),
    empty: (like, to) => attempt(to.path, "making it", () => makeEmpty(like, to)),
    link: (source, fence, to) => attempt(to.path, "linking", () => linkFile(source, fence, to)),
    publish: (staged, to) =>
      attempt(to.path, "publishing", () =>
        closing(openPath(staged.anchor, staged.path), (from) =>
          closing(openPath(to.anchor, to.path), (into) => publishFolder(from, into))
        )
      ),
    aside: (source, fence, to) =>
      attempt(source.path, "setting it aside", () =>
        moveFile(source, fence, to, (spot) => openQuarantine(spot.anchor, dirname(spot.path)), rename)
      ),
    back: (source, fence, to) =>
      attempt(to.path, "putting it back", () =>
        moveFile(source, fence, to, (spot) => openFolder(spot, openOrMake), linkOver)
      )
  })
)
