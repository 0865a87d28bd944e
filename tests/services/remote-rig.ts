import { NodeServices } from "@effect/platform-node"
import { Effect, Layer, Schedule } from "effect"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { toBytes } from "../../src/platform/BytePath.ts"
import { Remote } from "../../src/services/Remote.ts"
import { layer } from "../../src/services/Remote/rclone.ts"
import type { Options } from "../../src/services/Remote/session.ts"

export const cutoff = 5 * 1024 * 1024
/** Makes rclone send files of 5 MiB and more in parts. */
export const parts = { chunk_size: "5M", upload_cutoff: "5M" }

/** Uses a remote as the worker does: one rclone from the first call to the end. */
export const withRemote = <A, E>(
  options: Partial<Options> & { readonly remote: string },
  use: Effect.Effect<A, E, Remote>
) =>
  Effect.provide(
    use,
    layer({
      transfers: 4,
      cutoff,
      environment: process.env,
      retry: Schedule.exponential("20 millis").pipe(Schedule.upTo({ times: 2 })),
      ...options
    }).pipe(Layer.provide(NodeServices.layer)),
    { local: true }
  )

/** A folder of the test's own. */
export class Bench {
  readonly root = mkdtempSync(join(tmpdir(), "media-pipeline-remote-"))

  file(name: string, content: string | Uint8Array) {
    const path = join(this.root, name)
    writeFileSync(toBytes(path), content)
    return path
  }

  [Symbol.dispose]() {
    rmSync(this.root, { recursive: true, force: true })
  }
}

const read = (path: string) => {
  try {
    return readFileSync(path, "latin1")
  } catch {
    return ""
  }
}

/** Every `rclone rcd` with this process above it, directly or through another. */
export const rclonesBelow = (ancestor: number): ReadonlyArray<number> => {
  const parents = new Map<number, number>()
  for (const name of readdirSync("/proc")) {
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(read(`/proc/${name}/stat`))?.[1]
    if (/^\d+$/.test(name) && parent !== undefined) parents.set(Number(name), Number(parent))
  }
  const isBelow = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent === ancestor || (parent !== undefined && parent > 1 && isBelow(parent))
  }
  return [...parents.keys()].filter((pid) => isRcd(pid) && isBelow(pid))
}

export const isRcd = (pid: number) => read(`/proc/${pid}/cmdline`).includes("\0--rc-addr=unix:")

/** The socket of an `rclone rcd`. */
export const socketOf = (pid: number) => /--rc-addr=unix:\/\/([^\0]+)/.exec(read(`/proc/${pid}/cmdline`))?.[1] ?? ""

/** Waits until it holds, for five seconds. */
export const until = async (holds: () => boolean) => {
  for (let tries = 0; !holds(); tries++) {
    if (tries === 100) return false
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return true
}
