import { Effect } from "effect"
import { createHash, randomFillSync } from "node:crypto"
import { lstatSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { Scanner } from "../../src/services/Scanner.ts"
import * as Scanners from "../../src/services/Scanner/node.ts"
import { Host } from "./host.ts"
import { inTurn, median, run } from "./measure.ts"
import { writeNoise } from "./noise.ts"
import { makePlace } from "./place.ts"
import { ratio, type Row } from "./row.ts"

const gibibyte = 1024 ** 3

/** Two roots of 500 folders with 100 files of 4 KiB each: every size meets in both, so that all of it is read. */
const fill = (root: string): ReadonlyArray<string> => {
  const block = Buffer.alloc(4096)
  const roots = ["stash", "pool"].map((name) => join(root, name))
  for (const path of roots) {
    for (let folder = 0; folder < 500; folder++) {
      const directory = join(path, `Item ${folder}`)
      mkdirSync(directory, { recursive: true })
      for (let file = 0; file < 100; file++) {
        randomFillSync(block)
        writeFileSync(join(directory, `file number ${file}.bin`), block)
      }
    }
  }
  return roots
}

const listing = async (root: string): Promise<number> =>
  (await run("sh", ["-c", `find "$0" -printf '%D %i %s %T@ %C@ %n %p\\n' >/dev/null`, root])).wall

/** 100,000 files, never indexed and unchanged, start of the program included, against `find` over them. */
const manyFiles = async (): Promise<ReadonlyArray<Row>> => {
  const host = new Host()
  try {
    const tree = join(host.root, "tree")
    host.configure("http://127.0.0.1:9", "/nowhere", "", { hashCache: { roots: fill(tree) } })
    // What is younger than two seconds is read again by the next run.
    await setTimeout(2500)
    await host.worker("index")
    const [first, found] = await inTurn(
      5,
      () => {
        host.forget()
        return host.worker("index")
      },
      () => listing(tree)
    )
    const [unchanged, foundAgain] = await inTurn(
      7,
      () => host.worker("index"),
      () => listing(tree)
    )
    const what = "100,000 files of 4 KiB"
    const find = median([...found, ...foundAgain])
    return [
      ratio(`${what}: first index`, median(first.map(({ wall }) => wall)), find, 12, "find -printf"),
      ratio(`${what}: unchanged`, median(unchanged.map(({ wall }) => wall)), find, 3.5, "find -printf"),
      {
        what: `${what}: worker`,
        value: Math.max(...[...first, ...unchanged].map(({ own }) => own)),
        goal: 256,
        unit: "MiB",
        detail: "peak resident, its reading thread included"
      }
    ]
  } finally {
    host.stop()
  }
}

/** 1 GiB in one file, in cache, against SHA-256 over bytes that are in memory already. */
const oneLarge = async (): Promise<ReadonlyArray<Row>> => {
  const root = makePlace("index-")
  try {
    const path = join(root, "large.mkv")
    writeNoise(path, gibibyte)
    const { birthtimeNs: birthNs, dev, ...facts } = lstatSync(path, { bigint: true })
    const read = Scanner.use((scanner) =>
      scanner.read(
        [{ ...facts, birthNs, path }],
        dev,
        (_, { _tag }) => {
          if (_tag !== "Read") throw new Error(`it was ${_tag}`)
        },
        () => undefined
      )
    ).pipe(Effect.provide(Scanners.layer))
    const chunk = randomFillSync(Buffer.alloc(1024 ** 2))
    const [ours, bare] = await inTurn(
      5,
      async () => {
        const begun = performance.now()
        await Effect.runPromise(read)
        return performance.now() - begun
      },
      () => {
        const begun = performance.now()
        const hash = createHash("sha256")
        for (let done = 0; done < gibibyte; done += chunk.length) hash.update(chunk)
        hash.digest()
        return Promise.resolve(performance.now() - begun)
      }
    )
    return [ratio("1 GiB in one file: reading", median(ours), median(bare), 1 / 0.9, "SHA-256 alone")]
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

export const indexCache = async (): Promise<ReadonlyArray<Row>> => [...(await manyFiles()), ...(await oneLarge())]
