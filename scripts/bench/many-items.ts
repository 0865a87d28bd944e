import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { B2Process } from "../../tests/fakes/b2/process.ts"
import { Host } from "./host.ts"
import { median, run } from "./measure.ts"
import { memory, ratio, type Row } from "./row.ts"

const items = Array.from({ length: 100 }, (_, index) => ({
  name: `Item ${index}`,
  files: [0, 1, 2].map((file) => ({ name: `file ${file}.bin`, size: 10_000 }))
}))

/** 100 items × 3 files × 10 kB to B2 at 60 ms, against one `rclone copy` an item. */
export const manyItems = async (): Promise<ReadonlyArray<Row>> => {
  const b2 = await B2Process.start({ latency: 60 })
  const host = new Host()
  try {
    for (const item of items) {
      mkdirSync(join(host.completed, item.name))
      for (const file of item.files) {
        writeFileSync(join(host.completed, item.name, file.name), Buffer.alloc(file.size, `${item.name}/${file.name}`))
      }
    }
    const config = host.configure(await host.client(items), "b2:media", b2.rcloneConfig("b2"))
    const ours: Array<Awaited<ReturnType<Host["worker"]>>> = []
    let billed = 0
    for (let round = 0; round < 3; round++) {
      await b2.reset()
      host.forget()
      ours.push(await host.worker("upload"))
      billed = Math.max(billed, (await b2.ledger()).billed)
    }
    await b2.reset()
    const begun = performance.now()
    for (const item of items) {
      await run("rclone", [
        "--config",
        config,
        "copy",
        "--checksum",
        join(host.completed, item.name),
        `b2:media/downloads/${item.name}`
      ])
    }
    const theirs = performance.now() - begun
    const what = "100 items × 3 files, 60 ms"
    return [
      ratio(what, median(ours.map((one) => one.wall)), theirs, 1 / 20, "rclone copy an item"),
      {
        what: `${what}: billed calls`,
        value: billed,
        goal: 10,
        unit: "calls",
        detail: "class B + C, listing and proof included"
      },
      ...memory(what, Math.max(...ours.map((one) => one.own)), Math.max(...ours.map((one) => one.below)))
    ]
  } finally {
    host.stop()
    await b2.stop()
  }
}
