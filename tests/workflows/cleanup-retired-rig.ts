import { Duration, Effect, Schema } from "effect"
import { linkSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Config } from "../../src/config/schema.ts"
import { Watched } from "../../src/config/watched.ts"
import type { Torrent, TorrentFile } from "../../src/domain/torrents.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import type { Rig } from "./cleanup-rig.ts"

export const storageOf = (rig: Rig): NonNullable<Config["storage"]> => ({
  dryRun: false,
  stash: { root: join(rig.root, "stash"), seedingDirs: [join(rig.root, "stash/seeding")] },
  pool: { root: join(rig.root, "pool"), seedingDirs: [join(rig.root, "pool/seeding")] },
  seedOnlyTag: "~noHL",
  quarantineFor: Duration.days(3),
  reserveBytes: 0
})

/** Seeding directories, and the configuration that names them. */
export const withStorage = (rig: Rig): void => {
  for (const folder of ["stash/seeding", "pool/seeding", "library"]) {
    mkdirSync(join(rig.root, folder), { recursive: true })
  }
  rig.more = { ...rig.more, storage: storageOf(rig) }
}

/** A file anywhere below the rig's root. */
export const plant = (rig: Rig, name: string, content = `content of ${name}`): string => {
  const path = join(rig.root, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, content)
  return path
}

export const hardlink = (rig: Rig, from: string, to: string): void => {
  mkdirSync(dirname(join(rig.root, to)), { recursive: true })
  linkSync(join(rig.root, from), join(rig.root, to))
}

export const sizeOf = (rig: Rig, name: string): number => statSync(join(rig.root, name)).size

/** A torrent with files on the disk, `names` relative to the folder that it is saved in. */
export const addTorrent = (
  rig: Rig,
  hash: string,
  folder: string,
  names: ReadonlyArray<string>,
  over: Partial<Torrent> = {},
  trackers: ReadonlyArray<string> = []
): void => {
  const top = names[0]?.split("/")[0] ?? ""
  const files = names.map((path): TorrentFile => ({
    path,
    size: sizeOf(rig, `${folder}/${path}`),
    progress: 1,
    wanted: true
  }))
  rig.torrents.add(seeding(hash, join(rig.root, folder, top), over), files, trackers)
}

/** The title of these files has gone from the library; each came from this torrent. */
export const retire = (rig: Rig, title: string, hash: string, names: ReadonlyArray<string>) =>
  rig
    .run(
      rig.retire(
        title,
        Object.fromEntries(names.map((name) => [`/library/${name}`, { size: sizeOf(rig, name), hash }]))
      )
    )
    .pipe(Effect.orDie)

/** All files below a folder of the rig. */
export const filesBelow = (rig: Rig, folder: string): ReadonlyArray<string> =>
  readdirSync(join(rig.root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(rig.root, folder).length + 1))
    .toSorted()

/** What is to become of our copy on the remote of what was retired. */
export const watchedRemote = (rig: Rig, remote: "keep" | "hide" | "delete"): void => {
  const watched = Schema.decodeUnknownSync(Watched)({
    remote,
    jellyfin: { url: "http://127.0.0.1:8096", apiKeyFile: "/run/key" }
  })
  rig.more = { ...rig.more, watched }
}
