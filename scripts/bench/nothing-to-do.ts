import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Host } from "./host.ts"
import { median, run } from "./measure.ts"
import { memory, ratio, type Row } from "./row.ts"

const items = Array.from({ length: 1000 }, (_, index) => ({
  name: `Item ${index}.mkv`,
  files: [{ name: `Item ${index}.mkv`, size: 100 }]
}))

/** A run that finds 1,000 torrents uploaded and unchanged, against starting Node. */
export const nothingToDo = async (): Promise<ReadonlyArray<Row>> => {
  const host = new Host()
  try {
    for (const item of items) writeFileSync(join(host.completed, item.name), Buffer.alloc(100, item.name))
    const remote = join(host.root, "remote")
    mkdirSync(remote)
    host.configure(await host.client(items), remote, "")
    await host.worker("upload")
    const ours: Array<Awaited<ReturnType<typeof run>>> = []
    const theirs: Array<number> = []
    for (let round = 0; round < 11; round++) {
      theirs.push((await run(process.execPath, ["-e", "0"])).wall)
      ours.push(await host.worker("upload"))
    }
    const what = "nothing to do, 1,000 torrents"
    return [
      ratio(what, median(ours.map((one) => one.wall)), median(theirs), 10, "node -e 0"),
      ...memory(what, Math.max(...ours.map((one) => one.own)), 0)
    ]
  } finally {
    host.stop()
  }
}
