import { rmSync } from "node:fs"
import { join } from "node:path"
import { B2Process } from "../../tests/fakes/b2/process.ts"
import { writeNoise } from "./noise.ts"
import { Host } from "./host.ts"
import { inTurn, median, run } from "./measure.ts"
import { makePlace } from "./place.ts"
import { memory, ratio, type Row } from "./row.ts"

const gibibyte = 1024 ** 3
const name = "large.mkv"

const measure = async (what: string, rounds: number, bandwidth: number): Promise<ReadonlyArray<Row>> => {
  const directory = makePlace("b2-")
  const b2 = await B2Process.start({ directory, bandwidth })
  const host = new Host()
  try {
    const source = join(host.completed, name)
    writeNoise(source, gibibyte)
    const config = host.configure(
      await host.client([{ name, files: [{ name, size: gibibyte }] }]),
      "b2:media",
      b2.rcloneConfig("b2")
    )
    const [ours, theirs] = await inTurn(
      rounds,
      async () => {
        await b2.reset()
        host.forget()
        rmSync(`${source}.uploaded`, { force: true })
        host.ticket()
        return host.worker("upload")
      },
      async () => {
        await b2.reset()
        return (await run("rclone", ["--config", config, "copy", source, "b2:media/bare"])).wall
      }
    )
    return [
      ratio(what, median(ours.map((one) => one.wall)), median(theirs), 1.1, "bare rclone copy"),
      ...memory(what, Math.max(...ours.map((one) => one.own)), Math.max(...ours.map((one) => one.below)))
    ]
  } finally {
    host.stop()
    await b2.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/**
 * 1 GiB in one file to B2, our hashing and proof included, against bare `rclone copy`: over loopback, where two cores do
 * the sending, the receiving and all the hashing, and at the speed of a line that people have.
 */
export const largeFile = async (): Promise<ReadonlyArray<Row>> => [
  ...(await measure("1 GiB in one file, loopback", 8, 0)),
  ...(await measure("1 GiB in one file, 1 Gbit/s", 2, 125_000_000))
]
