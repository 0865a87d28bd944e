import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { bytes } from "../../tests/fakes/archives/members.ts"
import { writeRar } from "../../tests/fakes/archives/rar.ts"

export interface Payload {
  readonly name: string
  readonly category: string
  readonly what: string
}

const mebibyte = 1024 * 1024

const put = (path: string, bytes: Uint8Array) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
}

const season = (folder: string): Payload => {
  const name = "The Example Show S01 1080p"
  for (const episode of ["S01E01", "S01E02"]) {
    const directory = join(folder, name, episode)
    mkdirSync(directory, { recursive: true })
    const content = randomBytes(12 * mebibyte)
    writeRar(
      directory,
      `the.example.show.${episode.toLowerCase()}`,
      [{ name: `The Example Show ${episode}.mkv`, content: bytes(content) }],
      {
        version: 5,
        naming: "part",
        volumeData: 3 * mebibyte
      }
    )
    put(join(directory, `${episode}.nfo`), Buffer.from(`${episode}\n`))
  }
  return { name, category: "tv-sonarr", what: "a season pack in stored multi-volume RAR" }
}

const film = (folder: string): Payload => {
  const name = "A Plain Film (2026).mkv"
  put(join(folder, name), randomBytes(24 * mebibyte))
  return { name, category: "radarr", what: "a plain film" }
}

const zip = (folder: string): Payload => {
  const name = 'What\'s "this", then?'
  const directory = join(folder, name)
  put(join(directory, "inside/two\nlines.txt"), Buffer.from("a name with a newline\n"))
  put(join(directory, 'inside/it\'s "quoted".mkv'), randomBytes(6 * mebibyte))
  execFileSync("7zz", ["a", "-tzip", "-mx0", "-bso0", "-bsp0", "bonus.zip", "./inside/."], { cwd: directory })
  rmSync(join(directory, "inside"), { recursive: true })
  put(join(directory, "read me.txt"), Buffer.from("spaces, quotes and, in the zip, a newline\n"))
  return { name, category: "", what: "a zip; names with spaces, quotes and a newline" }
}

/** What the seeder has; random content, so nothing can be right by chance. */
export const makePayloads = (folder: string): ReadonlyArray<Payload> => [season(folder), film(folder), zip(folder)]
