import { execFileSync, spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

export interface Measured {
  /** Milliseconds from start to end. */
  readonly wall: number
  /** Peak resident MiB of the process itself. */
  readonly own: number
  /** Peak resident MiB of the largest process below it. */
  readonly below: number
  readonly status: number | null
  readonly output: string
}

const read = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

/** The kernel's own high-water mark, so that looking now and then is enough. */
const peakOf = (pid: number): number => Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024

const childrenOf = (pid: number): ReadonlyArray<number> =>
  (() => {
    try {
      return readdirSync(`/proc/${pid}/task`)
    } catch {
      return []
    }
  })().flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`)
      .split(" ")
      .filter((text) => text !== "")
      .map(Number)
  )

/** Runs a command to its end. A command that fails is a broken bench: its output is in the error. */
export const run = (
  command: string,
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string | undefined>> = process.env
): Promise<Measured> =>
  new Promise((resolve, reject) => {
    const begun = performance.now()
    const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "pipe"] })
    const chunks: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk))
    let own = 0
    let below = 0
    const look = () => {
      if (child.pid === undefined) return
      own = Math.max(own, peakOf(child.pid))
      for (const pid of childrenOf(child.pid)) below = Math.max(below, peakOf(pid))
    }
    const timer = setInterval(look, 10)
    child.on("error", reject)
    child.on("exit", () => {
      clearInterval(timer)
    })
    child.on("close", (status) => {
      const measured = { wall: performance.now() - begun, own, below, status, output: Buffer.concat(chunks).toString() }
      if (status === 0) resolve(measured)
      else reject(new Error(`${command} ${args.join(" ")} ended with ${status}:\n${measured.output}`))
    })
  })

/**
 * Takes turns, A B B A A B …, so that neither always comes first. What earlier turns wrote is on the disk before the
 * next is timed: otherwise it pays for theirs.
 */
export const inTurn = async <A, B>(rounds: number, one: () => Promise<A>, other: () => Promise<B>) => {
  const ones: Array<A> = []
  const others: Array<B> = []
  for (let round = 0; round < rounds; round++) {
    for (const first of round % 2 === 0 ? [true, false] : [false, true]) {
      execFileSync("sync")
      if (first) ones.push(await one())
      else others.push(await other())
    }
  }
  return [ones, others] as const
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}
