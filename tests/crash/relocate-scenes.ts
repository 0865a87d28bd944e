import { join } from "node:path"
import { noise } from "../fakes/metainfo.ts"
import { copied, type Machine } from "./relocate-host.ts"

const files = [
  { path: "e01.mkv", bytes: noise(90_000, "one") },
  { path: "sub/e02.mkv", bytes: noise(40_000, "two") },
  { path: "empty.txt", bytes: new Uint8Array() },
  // Copied in more than one chunk.
  { path: "large.mkv", bytes: noise(2_500_000, "large") }
]

/**
 * A pack, the same under another name and stopped, one of its episodes alone and managed, and a library that has none
 * of it: nine names, four inodes.
 */
const family = (machine: Machine, home: string) => {
  machine.torrent({ name: "Pack", files, at: home, version: "hybrid" })
  machine.torrent({
    name: "Pack.X",
    files: [...files, { path: "extra.mkv", bytes: noise(16384, "extra") }],
    at: join(home, "cross"),
    version: "v1",
    pads: true,
    from: (path) => join(home, "Pack", path),
    unwanted: [4],
    spec: { state: "stoppedUP" }
  })
  machine.torrent({
    name: "e01.mkv",
    files: files[0]?.bytes ?? new Uint8Array(),
    at: join(home, "one"),
    from: () => join(home, "Pack/e01.mkv")
  })
  copied(join(home, "Pack/sub/e02.mkv"), join(machine.library, "unrelated.mkv"))
}

/** Points beside which another has all the same behind it: of what is done to each file and folder, some. */
export const alike =
  /\/cross\/Pack\.X\/(?:empty|large|sub)|(?:mkdir|rmdir) .*saga-1\/|empty\.txt$|: outcome written$| state\//

export const scenes = {
  "a demotion with a move": {
    make: (machine: Machine) => {
      family(machine, machine.seeds)
      // Not the same as anything that is moved.
      copied(join(machine.root, "config.json"), join(machine.library, "unrelated.mkv"))
    },
    to: "pooled"
  },
  "a demotion with an existing copy": {
    make: (machine: Machine) => {
      family(machine, machine.seeds)
      copied(join(machine.root, "config.json"), join(machine.library, "unrelated.mkv"))
      copied(join(machine.seeds, "Pack/e01.mkv"), join(machine.pooled, "Pack/e01.mkv"))
      copied(join(machine.seeds, "Pack/large.mkv"), join(machine.pooled, "elsewhere/large.mkv"))
      copied(join(machine.seeds, "Pack/sub/e02.mkv"), join(machine.pool, "old/e02.mkv"))
    },
    to: "pooled"
  },
  "a promotion": {
    make: (machine: Machine) => {
      family(machine, machine.pooled)
      for (const path of ["e01.mkv", "sub/e02.mkv", "large.mkv"]) {
        copied(join(machine.pooled, "Pack", path), join(machine.library, "Pack (2020)", path.replace("/", " ")))
      }
    },
    to: "seeds"
  }
} as const satisfies Readonly<
  Record<string, { readonly make: (machine: Machine) => void; readonly to: "pooled" | "seeds" }>
>

export type Scene = (typeof scenes)[keyof typeof scenes]
