import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, linkSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { once, only } from "./expectations.ts"
import { day, digest, has, type Rig, withRig } from "./rig.ts"

/* What cannot be read is not absent: nothing is concluded from it, and the next run goes on. */

const aside = (rig: Rig) => join(rig.seeds, ".media-pipeline-quarantine/saga-1/Film.mkv")
const statesOf = (rig: Rig) => Effect.map(rig.sagas, (all) => all.map(({ state }) => state))

/** A library takes the file at `at`, so that the saga goes back; on its way, `path` cannot be read. */
const goesBack = (rig: Rig, at: string, path: string, pathOfIt: () => string) => {
  rig.point = (label) => {
    if (label === at) linkSync(pathOfIt(), join(rig.library, "Film.mkv"))
    if (label === "state rolling-back") rig.isUnreadable = (one) => one === path
  }
}

/** Once it can be read, all is as it was before the saga began. */
const wayBack = Effect.fnUntraced(function* (rig: Rig, hash: string, path: string, before: string) {
  assert.deepStrictEqual(yield* statesOf(rig), ["rolling-back"])
  assert.deepStrictEqual((yield* rig.apply()).resumed[0]?.outcome, "failed")
  rig.isUnreadable = () => false
  assert.deepStrictEqual((yield* rig.apply()).resumed[0]?.outcome, "undone")
  assert.deepStrictEqual([digest(path), rig.shown(hash).savePath], [before, rig.seeds])
  assert.deepStrictEqual([readdirSync(rig.pooled), readdirSync(rig.seeds)], [[], ["Film.mkv"]])
})

describe("on the way back", () => {
  it.live("a staging folder that cannot be read is not left behind", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { hash, paths } = rig.torrent({ name: "Film.mkv" })
        const [path = ""] = paths
        const before = digest(path)
        goesBack(rig, "state proven", join(rig.pooled, ".media-pipeline-staging/saga-1"), () => path)
        const { outcome, reason } = only(yield* rig.apply())
        assert.deepStrictEqual([outcome, /saga-1 cannot be read: EIO/.test(reason)], ["failed", true], reason)
        yield* wayBack(rig, hash, path, before)
      })
    )
  )

  it.live("a copy in its place that cannot be read is not left behind", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { hash, paths } = rig.torrent({ name: "Film.mkv" })
        const [path = ""] = paths
        const before = digest(path)
        goesBack(rig, "state live", join(rig.pooled, "Film.mkv"), () => path)
        const { outcome, reason } = only(yield* rig.apply())
        assert.deepStrictEqual([outcome, /pool.*Film\.mkv cannot be read: EIO/.test(reason)], ["failed", true], reason)
        yield* wayBack(rig, hash, path, before)
      })
    )
  )

  it.live("a source in the quarantine that cannot be read is not given up", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { hash, paths } = rig.torrent({ name: "Film.mkv" })
        const [path = ""] = paths
        const before = digest(path)
        rig.point = (label) => {
          if (label === "relocate.quarantine acted") throw new Error("crash")
        }
        yield* Effect.exit(rig.apply())
        assert.deepStrictEqual([has(path), has(aside(rig))], [false, true])
        linkSync(aside(rig), join(rig.library, "Film.mkv"))
        rig.point = (label) => {
          if (label === "state rolling-back") rig.isUnreadable = (one) => one === aside(rig)
        }
        const { resumed } = yield* rig.apply()
        assert.match(resumed[0]?.reason ?? "", /quarantine.*cannot be read: EIO/)
        yield* wayBack(rig, hash, path, before)
      })
    )
  )
})

describe("before it begins", () => {
  it.live("a target that cannot be read may hold something: it waits", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { hash } = rig.torrent({ name: "Film.mkv" })
        rig.isUnreadable = (path) => path === join(rig.pooled, "Film.mkv")
        const { outcome, reason } = only(yield* rig.apply())
        assert.deepStrictEqual([outcome, /Film\.mkv cannot be read: EIO/.test(reason)], ["waiting", true], reason)
        assert.deepStrictEqual([yield* statesOf(rig), rig.shown(hash).savePath], [[], rig.seeds])
        rig.isUnreadable = () => false
        assert.strictEqual(only(yield* rig.apply()).outcome, "moved")
      })
    )
  )
})

describe("at the release", () => {
  it.live("a name that cannot be read after a crash has not gone", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "Film.mkv" })
        yield* rig.apply()
        rig.ahead += 4 * day
        yield* rig.apply()
        rig.point = (label) => {
          if (label === "relocate.release acted") throw new Error("crash")
        }
        yield* Effect.exit(rig.apply())
        assert.isFalse(has(aside(rig)))
        rig.point = () => undefined
        mkdirSync(dirname(aside(rig)), { recursive: true, mode: 0o700 })
        writeFileSync(aside(rig), "what may be the last copy of something")
        rig.isUnreadable = (path) => path === aside(rig)
        const { resumed } = yield* rig.apply()
        assert.match(resumed[0]?.reason ?? "", /EIO/)
        assert.deepStrictEqual([yield* statesOf(rig), has(aside(rig))], [["quarantined"], true])
        rmSync(aside(rig))
        rig.isUnreadable = () => false
        assert.strictEqual((yield* rig.apply()).resumed[0]?.outcome, "done")
      })
    )
  )

  it.live("one that was refused has not begun: what is touched after it is somebody else's doing", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        rig.torrent({ name: "Film.mkv" })
        yield* rig.apply()
        const other = rig.torrent({
          name: "Film.mkv",
          write: false,
          sourceTag: "other",
          spec: { state: "missingFiles", progress: 0 }
        })
        const refused = yield* rig.later()
        assert.match(refused.resumed[0]?.reason ?? "", /claims it/)
        rig.fake.drop(other.hash)
        chmodSync(aside(rig), 0o600)
        const { resumed } = yield* rig.apply()
        assert.match(resumed[0]?.reason ?? "", /was touched in the quarantine/)
        assert.isTrue(has(aside(rig)))
      })
    )
  )

  it.live("one that a crash has cut off goes on with what is left", () =>
    withRig(
      Effect.fnUntraced(function* (rig) {
        const { hash } = rig.torrent({ name: "Film.mkv" })
        yield* rig.apply()
        rig.ahead += 4 * day
        yield* rig.apply()
        once(rig, "relocate.release acted", () => {
          throw new Error("crash")
        })
        yield* Effect.exit(rig.apply())
        assert.strictEqual((yield* rig.apply()).resumed[0]?.outcome, "done")
        assert.deepStrictEqual([rig.shown(hash).savePath, readdirSync(rig.seeds)], [rig.pooled, []])
      })
    )
  )
})
