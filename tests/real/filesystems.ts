import { Data, Effect, Schedule, type Scope } from "effect"
import { execFileSync, spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { hold } from "../../src/platform/Lock.ts"

/*
 * Filesystems of their own for a test: loop-mounted ext4, btrfs and XFS, pools of a real (FUSE) ZFS, tmpfs. All of it is
 * gone with the scope. scripts/tools/filesystems.sh brings the programs.
 */

export class FilesystemRigError extends Data.TaggedError("FilesystemRigError")<{ readonly why: string }> {
  override get message() {
    return `this test needs filesystems of its own: ${this.why}`
  }
}

const run = (program: string, args: ReadonlyArray<string>): string => {
  try {
    return execFileSync(program, [...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  } catch (cause) {
    const told = cause instanceof Error && "stderr" in cause ? String(cause.stderr) : ""
    throw new FilesystemRigError({ why: `${program} ${args.join(" ")} failed: ${told || String(cause)}` })
  }
}

const attempt = <A>(act: () => A): Effect.Effect<A, FilesystemRigError> =>
  Effect.try({
    try: act,
    catch: (cause) => (cause instanceof FilesystemRigError ? cause : new FilesystemRigError({ why: String(cause) }))
  })

/** The folder with mkfs.*, zfs-fuse and the like, or "" where they are on PATH. */
const tools = Effect.suspend(() => {
  if (process.getuid?.() !== 0) return new FilesystemRigError({ why: "only root may mount; run it as root" })
  return attempt(() => run("sh", [join(import.meta.dirname, "../../scripts/tools/filesystems.sh")]).trim())
})

const inTools = (folder: string, program: string) => (folder === "" ? program : join(folder, program))

export interface Mounted {
  /** Where it is mounted. */
  readonly path: string
  /** Takes it away and leaves an empty directory, as after a reboot without it. */
  readonly unmount: Effect.Effect<void, FilesystemRigError>
  /** Brings it back. */
  readonly mount: Effect.Effect<void, FilesystemRigError>
}

const unmountIfMounted = (path: string) => {
  try {
    execFileSync("umount", [path], { stdio: "ignore" })
  } catch {
    // It was not mounted any more.
  }
}

/** An empty folder, gone with the scope. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "media-pipeline-fs-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const mountedWith = (
  path: string,
  args: ReadonlyArray<string>
): Effect.Effect<Mounted, FilesystemRigError, Scope.Scope> => {
  const mount = attempt(() => void run("mount", [...args, path]))
  return Effect.acquireRelease(
    Effect.andThen(
      attempt(() => mkdirSync(path, { recursive: true })),
      mount
    ),
    () => Effect.sync(() => unmountIfMounted(path))
  ).pipe(Effect.as({ path, mount, unmount: attempt(() => void run("umount", [path])) }))
}

const mkfs = { ext4: ["mkfs.ext4", "-q"], btrfs: ["mkfs.btrfs", "-q"], xfs: ["mkfs.xfs", "-q"] } as const

/** A loop-mounted filesystem at `path`, with an image beside it that holds `mebibytes`. */
export const loopMounted = Effect.fnUntraced(function* (type: keyof typeof mkfs, path: string, mebibytes = 320) {
  const bin = yield* tools
  if (!existsSync("/dev/loop-control")) return yield* new FilesystemRigError({ why: "there are no loop devices here" })
  const image = `${path}.img`
  yield* attempt(() => {
    writeFileSync(image, "")
    truncateSync(image, mebibytes * 1024 ** 2)
    const [program, ...args] = mkfs[type]
    run(inTools(bin, program), [...args, image])
  })
  return yield* mountedWith(path, ["-t", type, "-o", "loop", image])
})

/** What lies in it is gone when it is unmounted. */
export const memoryMounted = (path: string) => Effect.andThen(tools, mountedWith(path, ["-t", "tmpfs", "tmpfs"]))

/** The same directory once more, elsewhere. */
export const bindMounted = (from: string, path: string) => Effect.andThen(tools, mountedWith(path, ["--bind", from]))

/** A subvolume of a btrfs: on the same disk, and yet no hardlink leads into it. */
export const subvolume = (path: string) =>
  Effect.flatMap(tools, (bin) => attempt(() => void run(inTools(bin, "btrfs"), ["subvolume", "create", path])))

const answers = (bin: string): boolean => {
  try {
    execFileSync(inTools(bin, "zpool"), ["list"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

const daemon = (bin: string) =>
  Effect.acquireRelease(
    attempt(() => {
      if (answers(bin)) return undefined
      mkdirSync("/var/run/zfs", { recursive: true })
      mkdirSync("/var/lock/zfs", { recursive: true })
      return spawn(inTools(bin, "zfs-fuse"), ["--no-daemon"], { stdio: "ignore" })
    }),
    (child) =>
      Effect.promise(async () => {
        if (child === undefined || child.exitCode !== null) return
        const ended = new Promise((resolve) => child.once("exit", resolve))
        // It has no pool any more, and takes its time to go by itself.
        child.kill("SIGTERM")
        const late = setTimeout(() => child.kill("SIGKILL"), 1000)
        await ended
        clearTimeout(late)
      })
  )

export interface Zfs {
  /** A pool with its dataset mounted at `path`. */
  pool(path: string, mebibytes?: number): Effect.Effect<{ readonly name: string }, FilesystemRigError, Scope.Scope>
  /** A dataset of its own inside a pool, mounted below it. */
  dataset(name: string): Effect.Effect<void, FilesystemRigError>
  unmount(name: string): Effect.Effect<void, FilesystemRigError>
  mount(name: string): Effect.Effect<void, FilesystemRigError>
}

/** A machine can run one daemon: who comes second waits until the first has gone. */
export const zfs = Effect.gen(function* () {
  const bin = yield* tools
  if (!existsSync("/dev/fuse")) return yield* new FilesystemRigError({ why: "there is no /dev/fuse here" })
  yield* hold(join(tmpdir(), "media-pipeline-zfs-fuse.lock")).pipe(
    Effect.retry({ schedule: Schedule.spaced("200 millis"), times: 1500 }),
    Effect.mapError(({ message }) => new FilesystemRigError({ why: message }))
  )
  yield* daemon(bin)
  const zpool = inTools(bin, "zpool")
  yield* Effect.suspend(() =>
    answers(bin) ? Effect.void : new FilesystemRigError({ why: "zfs-fuse does not answer" })
  ).pipe(Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 100 }))
  const command = (...args: ReadonlyArray<string>) => attempt(() => void run(inTools(bin, "zfs"), args))
  const made: Zfs = {
    pool: Effect.fnUntraced(function* (path: string, mebibytes = 256) {
      const name = `mp${randomBytes(5).toString("hex")}`
      const image = `${path}.img`
      yield* Effect.acquireRelease(
        attempt(() => {
          mkdirSync(path, { recursive: true })
          writeFileSync(image, "")
          truncateSync(image, mebibytes * 1024 ** 2)
          run(zpool, ["create", "-f", "-o", "cachefile=none", "-m", path, name, image])
        }),
        () => Effect.ignore(attempt(() => void run(zpool, ["destroy", "-f", name])))
      )
      return { name }
    }),
    dataset: (name) => command("create", name),
    unmount: (name) => command("unmount", name),
    mount: (name) => command("mount", name)
  }
  return made
})
