import { Clock, Effect, Layer } from "effect"
import { createHash } from "node:crypto"
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { AppConfig } from "../../src/config/AppConfig.ts"
import { load } from "../../src/config/load.ts"
import type { IndexReport } from "../../src/domain/indexReport.ts"
import { toBytes } from "../../src/platform/BytePath.ts"
import { Cache } from "../../src/state/Cache.ts"
import * as Database from "../../src/state/Database.ts"
import { Terminal } from "../cli/terminal.ts"

export const sha256 = (content: string | Uint8Array) => `sha256:${createHash("sha256").update(content).digest("hex")}`

/** An hour ahead: what a test has just written is old by then, and a hash of it stable. */
export const later = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Clock.clockWith((clock) =>
    Effect.provideService(effect, Clock.Clock, {
      currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + 3_600_000,
      currentTimeMillis: Effect.map(clock.currentTimeMillis, (now) => now + 3_600_000),
      currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe() + 3_600_000_000_000n,
      currentTimeNanos: Effect.map(clock.currentTimeNanos, (now) => now + 3_600_000_000_000n),
      monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: clock.monotonicTimeNanos,
      sleep: (duration) => clock.sleep(duration)
    })
  )

const isReport = (value: unknown): value is IndexReport =>
  typeof value === "object" && value !== null && "roots" in value && "read" in value

/** `index` on the command line, with roots that a test fills. */
export class IndexRig {
  readonly terminal: Terminal
  readonly roots: ReadonlyArray<string>

  /** `roots` are absolute, or names of folders that are made in the rig's own. */
  constructor(terminal: Terminal, roots: ReadonlyArray<string>) {
    this.terminal = terminal
    this.roots = roots.map((root) => (root.startsWith("/") ? root : join(terminal.root, root)))
    for (const root of this.roots) mkdirSync(root, { recursive: true })
    terminal.configure({ hashCache: { roots: this.roots } })
  }

  path(...names: ReadonlyArray<string>): string {
    return join(this.terminal.root, ...names)
  }

  /** Writes a file by its absolute path, folders included. */
  write(path: string, content: string | Uint8Array): string {
    mkdirSync(toBytes(dirname(path)), { recursive: true })
    writeFileSync(toBytes(path), content)
    return path
  }

  /** A run whose result is a report, an hour from now. */
  index(...args: ReadonlyArray<string>) {
    return Effect.gen({ self: this }, function* () {
      const { code, complaint, stdout } = yield* later(this.terminal.run("index", "--json", ...args))
      const report: unknown = stdout === "" ? undefined : JSON.parse(stdout)
      if (!isReport(report)) return yield* Effect.die(new Error(`exit ${code}: ${complaint}${stdout}`))
      return { code, report }
    })
  }

  cache<A, E>(use: (cache: Cache["Service"]) => Effect.Effect<A, E>) {
    const layer = Cache.layer.pipe(
      Layer.provide(Database.layer),
      Layer.provide(Layer.effect(AppConfig, load(this.terminal.file)))
    )
    return Effect.flatMap(Cache, use).pipe(Effect.provide(layer, { local: true }))
  }
}

export const withIndex = <A, E, R>(
  roots: ReadonlyArray<string>,
  use: (rig: IndexRig) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => new IndexRig(new Terminal(), roots)),
    use,
    ({ terminal }) => Effect.sync(() => terminal[Symbol.dispose]())
  )
