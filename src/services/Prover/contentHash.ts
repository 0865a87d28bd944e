import { createHash } from "node:crypto"
import { Worker } from "node:worker_threads"

const bufferLength = 1024 * 1024

/** The SHA-256 of one file after the other, and the buffers that they are read into. */
export interface ContentHash {
  readonly buffers: ReadonlyArray<Buffer>
  /** A buffer that nobody reads from; waits for one. */
  take(): Promise<number>
  give(slot: number): void
  /** Adds the first `count` bytes of a taken buffer, which is given back when that is done. */
  push(slot: number, count: number): void
  /** Of all that was pushed since the last one, in hex. */
  digest(): Promise<string>
  close(): Promise<void>
}

export const onThisThread = (): ContentHash => {
  const buffers = [Buffer.allocUnsafe(bufferLength), Buffer.allocUnsafe(bufferLength)]
  const free = [0, 1]
  let hash = createHash("sha256")
  return {
    buffers,
    take: async () => free.shift() ?? 0,
    give: (slot) => void free.push(slot),
    push: (slot, count) => {
      hash.update(buffers[slot]?.subarray(0, count) ?? "")
      free.push(slot)
    },
    digest: async () => {
      const digest = hash.digest("hex")
      hash = createHash("sha256")
      return digest
    },
    close: async () => undefined
  }
}

/** Plain JavaScript in a string: the program is one bundled file, of which no second one can be started. */
const program = `
const { createHash } = require("node:crypto")
const { parentPort, workerData } = require("node:worker_threads")
const buffers = workerData.map((shared) => Buffer.from(shared))
let hash = createHash("sha256")
parentPort.on("message", ({ count, slot }) => {
  if (slot === undefined) {
    parentPort.postMessage({ digest: hash.digest("hex") })
    hash = createHash("sha256")
  } else {
    hash.update(buffers[slot].subarray(0, count))
    parentPort.postMessage({ slot })
  }
})`

/** Two threads hash the same bytes: this one by the torrents' pieces, the other one whole. */
export const onAnotherThread = (): ContentHash => {
  const shared = [0, 1, 2, 3].map(() => new SharedArrayBuffer(bufferLength))
  const buffers = shared.map((one) => Buffer.from(one))
  const worker = new Worker(program, { eval: true, workerData: shared, execArgv: [] })
  const free = [0, 1, 2, 3]
  let waiting: { readonly resolve: (slot: number) => void; readonly reject: (why: unknown) => void } | undefined
  let digesting: { readonly resolve: (digest: string) => void; readonly reject: (why: unknown) => void } | undefined
  let broken: { readonly why: unknown } | undefined
  const give = (slot: number) => {
    if (waiting === undefined) free.push(slot)
    else waiting.resolve(slot)
    waiting = undefined
  }
  worker.on("message", (message: { readonly slot: number } | { readonly digest: string }) => {
    if ("slot" in message) give(message.slot)
    else digesting?.resolve(message.digest)
  })
  worker.on("error", (why) => {
    broken = { why }
    waiting?.reject(why)
    digesting?.reject(why)
  })
  const promised = <A>(keep: (resolve: (value: A) => void, reject: (why: unknown) => void) => void): Promise<A> =>
    broken === undefined ? new Promise(keep) : Promise.reject(broken.why)
  return {
    buffers,
    take: () => {
      const slot = free.shift()
      return slot === undefined
        ? promised<number>((resolve, reject) => (waiting = { resolve, reject }))
        : Promise.resolve(slot)
    },
    give,
    push: (slot, count) => worker.postMessage({ slot, count }, []),
    digest: () =>
      promised<string>((resolve, reject) => {
        digesting = { resolve, reject }
        worker.postMessage({}, [])
      }),
    close: async () => void (await worker.terminate())
  }
}
