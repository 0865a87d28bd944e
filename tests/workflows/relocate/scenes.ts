import { assert } from "@effect/vitest"
import { copyFileSync, linkSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { noise } from "../../fakes/metainfo.ts"
import { digest, has, inode, type Rig } from "./rig.ts"

const files = [
  { path: "e01.mkv", bytes: noise(90_000, "one") },
  { path: "sub/e02.mkv", bytes: noise(40_000, "two") },
  { path: "empty.txt", bytes: new Uint8Array() }
]

/** A host before a relocation, and what must be true of it at each moment from then on. */
export interface Scene {
  readonly hashes: ReadonlyArray<string>
  /** By path relative to a seeding directory, what each torrent's files hold. */
  readonly content: ReadonlyMap<string, string>
  readonly library: ReadonlyMap<string, readonly [ino: bigint, digest: string]>
  /** Save paths in the end. */
  readonly to: (rig: Rig) => string
}

const contentOf = (rig: Rig, folder: string): ReadonlyMap<string, string> => new Map(Object.entries(rig.tree(folder)))

const linked = (from: string, to: string) => {
  mkdirSync(dirname(to), { recursive: true })
  linkSync(from, to)
}

/** A pack, the same under another name and in other pieces, and one of its episodes alone: five names, three inodes. */
const family = (rig: Rig, home: string) => {
  const pack = rig.torrent({ name: "Pack", files, folder: home })
  const cross = rig.torrent({
    name: "Pack.X",
    files,
    folder: join(home, "cross"),
    pieceLength: 32768,
    write: false,
    spec: { state: "stoppedUP" }
  })
  for (const { path } of files) linked(join(home, "Pack", path), join(home, "cross", "Pack.X", path))
  const single = rig.torrent({
    name: "e01.mkv",
    files: files[0]?.bytes ?? new Uint8Array(),
    folder: join(home, "one"),
    write: false
  })
  linked(join(home, "Pack", "e01.mkv"), join(home, "one", "e01.mkv"))
  const other = join(rig.library, "Other.mkv")
  writeFileSync(other, noise(30_000, "other"))
  return [pack.hash, cross.hash, single.hash]
}

const sceneOf = (rig: Rig, hashes: ReadonlyArray<string>, home: string, to: Scene["to"]): Scene => {
  const library = Object.keys(rig.tree(rig.library)).map((name) => join(rig.library, name))
  return {
    hashes,
    content: contentOf(rig, home),
    library: new Map(library.map((path) => [path, [inode(path), digest(path)]])),
    to
  }
}

export const scenes = {
  "demotion with a move": (rig: Rig) => sceneOf(rig, family(rig, rig.seeds), rig.seeds, () => rig.pooled),
  "demotion with an existing copy": (rig: Rig) => {
    const hashes = family(rig, rig.seeds)
    const scene = sceneOf(rig, hashes, rig.seeds, () => rig.pooled)
    mkdirSync(join(rig.pooled, "Pack"))
    copyFileSync(join(rig.seeds, "Pack/e01.mkv"), join(rig.pooled, "Pack/e01.mkv"))
    mkdirSync(join(rig.pool, "old"))
    copyFileSync(join(rig.seeds, "Pack/sub/e02.mkv"), join(rig.pool, "old/e02.mkv"))
    return scene
  },
  promotion: (rig: Rig) => {
    const hashes = family(rig, rig.pooled)
    for (const path of ["e01.mkv", "sub/e02.mkv"]) {
      copyFileSync(join(rig.pooled, "Pack", path), join(rig.library, path.replace("/", "-")))
    }
    return sceneOf(rig, hashes, rig.pooled, () => rig.seeds)
  }
} as const

/** Another process writes into the new copy right before the client reads it: the saga has to go back. */
export const spoil = (path: string) => {
  const { atime, mtime } = statSync(path)
  const bytes = readFileSync(path)
  bytes[100] = (bytes[100] ?? 0) ^ 1
  writeFileSync(path, bytes)
  utimesSync(path, atime, mtime)
}

const whole = (rig: Rig): ReadonlySet<string> =>
  new Set([rig.stash, rig.pool].flatMap((root) => Object.values(rig.tree(root))))

/** At each moment: an intact copy of everything, the library as it was, and no torrent run below 100 %. */
export const assertSafe = (rig: Rig, { content, library }: Scene, when: string) => {
  const held = whole(rig)
  for (const [path, hash] of content) assert.isTrue(held.has(hash), `${when}: no copy of ${path} is left`)
  for (const [path, [ino, hash]] of library) {
    assert.isTrue(has(path), `${when}: ${path} is gone`)
    assert.deepStrictEqual([inode(path), digest(path)], [ino, hash], `${when}: ${path}`)
  }
  assert.deepStrictEqual(rig.fake.startedBelow, [], when)
}

/** At rest: each torrent complete at its place, with what it is to hold there, running if it was. */
export const assertWhole = (rig: Rig, scene: Scene, home: string, when: string) => {
  for (const hash of scene.hashes) {
    const { files: all, name, progress, savePath, state } = rig.shown(hash)
    assert.isTrue(savePath.startsWith(home), `${when}: ${name} is at ${savePath}`)
    assert.strictEqual(progress, 1, `${when}: ${name}`)
    assert.match(state ?? "", name === "Pack.X" ? /^stoppedUP$/ : /^stalledUP$/, `${when}: ${name}`)
    for (const file of all) {
      const path = join(savePath, file.name)
      assert.strictEqual(digest(path), scene.content.get(path.slice(home.length + 1)), `${when}: ${path}`)
    }
  }
}
