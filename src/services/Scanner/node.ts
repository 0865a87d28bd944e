import { Clock, Effect, Layer } from "effect"
import { toBytes } from "../../platform/BytePath.ts"
import { type Reading, Scanner, type Wanted } from "../Scanner.ts"
import { changed, readLarge } from "./read.ts"
import { type Answer, small, smallReader } from "./small.ts"
import { TreeWalk } from "./walk.ts"
import { width, Workers } from "./workers.ts"

/** Milliseconds after which signals, timers and other work get their turn. */
const slice = 40

/** From so many files on a worker is worth its start. */
const many = 250

const turn = Effect.callback<void>((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

const factsOf = (files: ReadonlyArray<Wanted>): BigInt64Array => {
  const facts = new BigInt64Array(files.length * width)
  for (const [index, { birthNs, ctimeNs, ino, mtimeNs, size }] of files.entries()) {
    const at = index * width
    facts[at] = ino
    facts[at + 1] = birthNs
    facts[at + 2] = size
    facts[at + 3] = mtimeNs
    facts[at + 4] = ctimeNs
  }
  return facts
}

const readingOf = (answer: Answer, at: number): Reading =>
  answer === "changed"
    ? changed
    : answer.startsWith("!")
      ? { _tag: "Unreadable", why: answer.slice(1) }
      : { _tag: "Read", sha256: answer, at }

/** How many of the files from `from` on are small, one after the other. */
const run = (files: ReadonlyArray<Wanted>, from: number): number => {
  let end = from
  while ((files[end]?.size ?? BigInt(small) + 1n) <= small) end++
  return end - from
}

const make = Effect.gen(function* () {
  const workers = new Workers()
  yield* Effect.addFinalizer(() => workers.close)
  let reader: ReturnType<typeof smallReader> | undefined

  const here = Effect.fnUntraced(function* (
    files: ReadonlyArray<Wanted>,
    device: bigint,
    onAnswer: (index: number, answer: Answer, at: number) => void
  ) {
    const read = (reader ??= smallReader(small))
    const facts = factsOf(files)
    for (let next = 0; next < files.length;) {
      const at = yield* Clock.currentTimeMillis
      const until = performance.now() + slice
      for (; next < files.length && performance.now() < until; next++) {
        const path = files[next]?.path ?? ""
        onAnswer(next, read(path.isWellFormed() ? path : toBytes(path), device, facts, next * width), at)
      }
      yield* turn
    }
  })

  const elsewhere = Effect.fnUntraced(function* (
    files: ReadonlyArray<Wanted>,
    device: bigint,
    onAnswer: (index: number, answer: Answer, at: number) => void
  ) {
    const at = yield* Clock.currentTimeMillis
    const answers = yield* workers.run({ paths: files.map(({ path }) => path), facts: factsOf(files), device })
    for (const [index, answer] of answers.entries()) onAnswer(index, answer, at)
  })

  return Scanner.of({
    walk: (start) => new TreeWalk(start),
    read: Effect.fnUntraced(function* (files, device, onRead, onBytes) {
      for (let next = 0; next < files.length;) {
        const from = next
        const count = run(files, from)
        if (count > 0) {
          const group = files.slice(from, from + count)
          yield* (count >= many ? elsewhere : here)(group, device, (index, answer, at) => {
            const file = group[index]
            if (file === undefined) return
            onRead(file, readingOf(answer, at))
            onBytes(Number(file.size))
          })
          next += count
          continue
        }
        const large = files[from]
        if (large === undefined) return
        const at = yield* Clock.currentTimeMillis
        onRead(large, yield* Effect.promise((signal) => readLarge(large, device, at, onBytes, signal)))
        next += 1
      }
    })
  })
})

export const layer = Layer.effect(Scanner, make)
