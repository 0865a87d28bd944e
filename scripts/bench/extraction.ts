import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { mkdirSync, readdirSync, rmSync } from "node:fs"
import { join } from "node:path"
import { archiveSets } from "../../src/domain/archives.ts"
import { Archive } from "../../src/services/Archive.ts"
import * as ArchiveLayer from "../../src/services/Archive/layer.ts"
import { noise } from "../../tests/fakes/archives/members.ts"
import { writeRar } from "../../tests/fakes/archives/rar.ts"
import { inTurn, median, run } from "./measure.ts"
import { makePlace } from "./place.ts"
import { ratio, type Row } from "./row.ts"

const gibibyte = 1024 ** 3

/** A stored RAR of 22 volumes and 1 GiB: our listing, guards, checks and rename included, against bare 7zz. */
export const extraction = async (): Promise<ReadonlyArray<Row>> => {
  const root = makePlace("rar-")
  try {
    const item = join(root, "item")
    mkdirSync(item)
    const volumes = writeRar(item, "film", [{ name: "film.mkv", content: noise(gibibyte) }], {
      version: 5,
      naming: "part",
      volumeData: Math.ceil(gibibyte / 22)
    })
    const layer = ArchiveLayer.layer({
      extractor: "auto",
      reserveBytes: 0,
      depth: 1,
      environment: { PATH: process.env["PATH"] ?? "", HOME: root },
      discard: (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    }).pipe(Layer.provide(NodeServices.layer))
    const bare = join(root, "bare")
    const into = join(root, "ours")
    const extract = Archive.use((archive) =>
      archive.extract({ root: item, sets: archiveSets(readdirSync(item)), originals: [], into })
    ).pipe(Effect.provide(layer))
    const [ours, theirs] = await inTurn(
      6,
      async () => {
        const begun = performance.now()
        const result = await Effect.runPromise(extract)
        const wall = performance.now() - begun
        if (result.files[0]?.size !== gibibyte) throw new Error(`extracted ${JSON.stringify(result)}`)
        rmSync(into, { recursive: true })
        return wall
      },
      async () => {
        const { wall } = await run("7zz", ["x", "-y", `-o${bare}`, volumes[0] ?? ""])
        rmSync(bare, { recursive: true })
        return wall
      }
    )
    return [ratio(`RAR of ${volumes.length} volumes, 1 GiB`, median(ours), median(theirs), 1.15, "bare 7zz")]
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
