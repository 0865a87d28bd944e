import { Effect, type Scope, Semaphore } from "effect"
import { join } from "node:path"
import { type FilesystemRigError, loopMounted, zfs } from "./filesystems.ts"

/** The filesystem at `pool`, taken away and brought back. */
export interface Removable {
  readonly unmount: Effect.Effect<void, FilesystemRigError>
  readonly mount: Effect.Effect<void, FilesystemRigError>
}

type Mounts = (root: string) => Effect.Effect<Removable, FilesystemRigError, Scope.Scope>

/**
 * How many hosts of a kind there are at once in one test file: they wait for their client most of the time. One daemon
 * of ZFS has the machine to itself, and who waits for that here does not ask for it again and again.
 */
const lanes = { zfs: Semaphore.makeUnsafe(1), loop: Semaphore.makeUnsafe(2) }

/** Two filesystems, `stash` and `pool` below a folder, gone with the scope. */
export const disks = {
  "two ZFS pools": (root) =>
    Effect.gen(function* () {
      yield* Semaphore.takeScoped(lanes.zfs, 1)
      const { mount, pool, unmount } = yield* zfs
      yield* pool(join(root, "stash"))
      const { name } = yield* pool(join(root, "pool"))
      return { mount: mount(name), unmount: unmount(name) }
    }),
  "ext4 and ext4": (root) =>
    Semaphore.takeScoped(lanes.loop, 1).pipe(
      Effect.andThen(loopMounted("ext4", join(root, "stash"), 96)),
      Effect.andThen(loopMounted("ext4", join(root, "pool"), 96))
    ),
  "btrfs and ext4": (root) =>
    Semaphore.takeScoped(lanes.loop, 1).pipe(
      Effect.andThen(loopMounted("btrfs", join(root, "stash"), 160)),
      Effect.andThen(loopMounted("ext4", join(root, "pool"), 96))
    )
} satisfies Readonly<Record<string, Mounts>>

export type Disks = keyof typeof disks
