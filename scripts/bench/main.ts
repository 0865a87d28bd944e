import { execFileSync } from "node:child_process"
import { cpus, totalmem } from "node:os"
import { join } from "node:path"
import { extraction } from "./extraction.ts"
import { indexCache } from "./index-cache.ts"
import { largeFile } from "./large-file.ts"
import { manyItems } from "./many-items.ts"
import { nothingToDo } from "./nothing-to-do.ts"
import { medium } from "./place.ts"
import { relocation } from "./relocation.ts"
import { plan } from "./relocation-plan.ts"
import type { Row } from "./row.ts"
import { render } from "./row.ts"
import { watched } from "./watched.ts"

/*
 * Timing goals as ratios against a peer in the same run: `npm run bench [NAME…]`. Exits with 1 when a goal is missed.
 */

const all: Readonly<Record<string, () => Promise<ReadonlyArray<Row>>>> = {
  "many-items": manyItems,
  "large-file": largeFile,
  extraction,
  index: indexCache,
  relocation,
  plan,
  "nothing-to-do": nothingToDo,
  watched
}

execFileSync(process.execPath, [join(import.meta.dirname, "../build.ts")], { stdio: "inherit" })
const asked = process.argv.slice(2)
const rows: Array<Row> = []
for (const [name, measure] of Object.entries(all)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  process.stderr.write(`${name} …\n`)
  rows.push(...(await measure()))
}
const [cpu] = cpus()
const memory = (totalmem() / 1024 ** 3).toFixed(0)
process.stdout.write(
  `${render(rows)}\n${cpus().length} × ${cpu?.model ?? "unknown"}, ${memory} GiB, Node ${process.versions.node}, files in ${medium}\n`
)
process.exitCode = rows.every((row) => row.value <= row.goal) ? 0 : 1
