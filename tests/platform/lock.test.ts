import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { hold, holder, LockHeld } from "../../src/platform/Lock.ts"

const inTemporary = <A, E>(use: (file: string) => Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "lock-"))),
    (directory) => use(join(directory, "lock")),
    (directory) => Effect.sync(() => rmSync(directory, { recursive: true }))
  )

const lockModule = join(import.meta.dirname, "../../src/platform/Lock.ts")

/** Another process that takes the lock, says so, and keeps it until it is killed. */
const holderProcess = (file: string) => {
  const program = `
    import { Effect } from "effect"
    import { hold } from ${JSON.stringify(lockModule)}
    Effect.runFork(Effect.scoped(Effect.gen(function* () {
      yield* hold(${JSON.stringify(file)})
      console.log("held")
      yield* Effect.never
    })))
    setInterval(() => undefined, 1000)
  `
  return spawn(
    process.execPath,
    ["--input-type=module-typescript", "--eval", program, "media-pipeline", "upload", "--json"],
    {
      stdio: ["ignore", "pipe", "inherit"],
      cwd: join(import.meta.dirname, "../..")
    }
  )
}

it.live("one holder at a time, free again when the scope ends", () =>
  inTemporary((file) =>
    Effect.gen(function* () {
      assert.isUndefined(yield* holder(file))
      assert.isFalse(existsSync(file), "asking must not make the file")
      const scope = yield* Scope.make()
      yield* Scope.provide(hold(file), scope)
      const refused = yield* Effect.flip(Effect.scoped(hold(file)))
      assert.isTrue(refused instanceof LockHeld && refused.pid === process.pid)
      assert.strictEqual((yield* holder(file))?.pid, process.pid)
      yield* Scope.close(scope, Exit.void)
      assert.isUndefined(yield* holder(file))
      yield* Effect.scoped(hold(file))
    })
  )
)

it.live("a killed process leaves no lock, and the message names the living one", () =>
  inTemporary((file) =>
    Effect.acquireUseRelease(
      Effect.sync(() => holderProcess(file)),
      (child) =>
        Effect.gen(function* () {
          yield* Effect.promise(() => once(child.stdout, "data"))
          const refused = yield* Effect.flip(Effect.scoped(hold(file)))
          assert.match(refused.message, new RegExp(`"upload --json" \\(process ${child.pid}\\).*wait until it ends`))
          child.kill("SIGKILL")
          yield* Effect.promise(() => once(child, "exit"))
          yield* Effect.scoped(hold(file))
        }),
      (child) => Effect.sync(() => child.kill("SIGKILL"))
    )
  )
)

it.live("a directory that is not there is said in words", () =>
  inTemporary((file) =>
    Effect.gen(function* () {
      const refused = yield* Effect.flip(Effect.scoped(hold(join(file, "no/such/lock"))))
      assert.strictEqual(refused._tag, "LockUnusable")
      assert.match(refused.message, /stateDir exists, has room, and is writable/)
    })
  )
)
