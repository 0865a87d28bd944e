import { Effect } from "effect"
import { Worker } from "node:worker_threads"
import { toBytes } from "../../platform/BytePath.ts"
import type { Answer } from "./small.ts"
import { small, smallReader } from "./small.ts"

/** Numbers of a file that go to a worker: those of `Facts`, without the links. */
export const width = 5

export interface Job {
  readonly paths: ReadonlyArray<string>
  /** `width` numbers for each path. */
  readonly facts: BigInt64Array
  readonly device: bigint
}

/** As `smallReader`, its text is all that there is in the worker. */
const serve = (read: ReturnType<typeof smallReader>, columns: number) => {
  const { parentPort } = process.getBuiltinModule("node:worker_threads")
  parentPort?.on(
    "message",
    ({ device, facts, paths }: { device: bigint; facts: BigInt64Array; paths: string | Uint8Array }) => {
      const split = (bytes: Buffer): ReadonlyArray<Buffer> => {
        const all: Array<Buffer> = []
        for (let from = 0; from <= bytes.length;) {
          const end = bytes.indexOf(0, from)
          all.push(bytes.subarray(from, end < 0 ? bytes.length : end))
          from = end < 0 ? bytes.length + 1 : end + 1
        }
        return all
      }
      const names = typeof paths === "string" ? paths.split("\0") : split(Buffer.from(paths))
      // The reason in an answer may name a path, and so hold anything but this.
      const answers = names.map((path, index) => read(path, device, facts, index * columns)).join("\0")
      parentPort.postMessage(answers, [])
    }
  )
}

const start = (): Worker => {
  const worker = new Worker(`(${serve.toString()})((${smallReader.toString()})(${small}), ${width})`, {
    eval: true,
    stdin: false,
    // Nothing of ours that is meant for the main thread, such as another clock in a test.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 4 },
    env: {}
  })
  worker.unref()
  return worker
}

/** Threads that read small files while this one writes down what was read; each at work for one caller at a time. */
export class Workers {
  readonly #free: Array<Worker> = []

  /** The answers in the order of the paths. */
  run(job: Job): Effect.Effect<ReadonlyArray<Answer>> {
    return Effect.callback((resume) => {
      const worker = this.#free.pop() ?? start()
      const release = () => {
        worker.off("message", answered)
        worker.off("error", failed)
      }
      const answered = (message: unknown) => {
        release()
        this.#free.push(worker)
        resume(Effect.succeed(String(message).split("\0")))
      }
      const failed = (cause: unknown) => {
        release()
        resume(Effect.die(cause))
      }
      worker.on("message", answered)
      worker.on("error", failed)
      const names = job.paths.join("\0")
      const paths = names.isWellFormed() ? names : toBytes(names)
      worker.postMessage({ device: job.device, facts: job.facts, paths }, [])
      return Effect.sync(() => {
        release()
        void worker.terminate()
      })
    })
  }

  readonly close: Effect.Effect<void> = Effect.sync(() => {
    for (const worker of this.#free.splice(0)) void worker.terminate()
  })
}
