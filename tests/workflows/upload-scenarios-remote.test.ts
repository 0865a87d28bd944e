import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readdirSync, readFileSync } from "node:fs"
import { Items } from "../../src/state/Items.ts"
import { errors } from "../fakes/b2/faults.ts"
import { B2World, film, known, outcomes, reasons, sha1 } from "./upload-rig.ts"

const small = () => B2World.start({ small: true })

/** The `rclone rcd` that this process has started. */
const ownRclone = () =>
  readdirSync("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return []
    try {
      const parent = /^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1"))?.[1]
      const isRcd = readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("\0--rc-addr=unix:")
      return isRcd && Number(parent) === process.pid ? [Number(pid)] : []
    } catch {
      return []
    }
  })

const killRclone = () => {
  const pids = ownRclone()
  for (const pid of pids) process.kill(pid, "SIGKILL")
  return pids.length
}

describe("rclone is killed", () => {
  it("scenario 1: killed at 99 % of a large file: the rest is cancelled, the next run sends it again", async () => {
    await using host = await small()
    const path = host.file("Film.mkv", film(24_000_000))
    host.torrent("Film.mkv")
    let killed = 0
    host.b2.on("b2_finish_large_file", () => {
      if (killed === 0) killed = killRclone()
    })
    // The finish never gets through: this is all parts there, and no file.
    host.b2.fail({ on: "b2_finish_large_file", drop: "before" })
    const first = await host.upload()
    assert.strictEqual(killed, 1)
    assert.deepStrictEqual(outcomes(first), { "Film.mkv": "failed" })
    assert.match(reasons(first), /rclone/)
    assert.strictEqual(host.b2.unfinished().length, 1, "what nobody sees and everybody pays")
    await host.checkProven()
    const second = await host.upload()
    assert.deepStrictEqual(outcomes(second), { "Film.mkv": "uploaded" }, reasons(second))
    assert.deepStrictEqual(host.b2.unfinished(), [])
    assert.strictEqual(await host.b2.sha1Of("downloads/Film.mkv"), sha1(readFileSync(path)))
    await host.checkSettled(1)
  })

  it("scenario 23: rcd crashes in the middle of many: what arrived is found on the remote, not sent again", async () => {
    await using host = await small()
    const names = Array.from({ length: 40 }, (_, index) => `item-${String(index).padStart(2, "0")}.txt`)
    for (const name of names) {
      host.file(name)
      host.torrent(name)
    }
    let killed = 0
    host.b2.on("b2_upload_file", ({ nth }) => {
      if (nth === 20 && killed === 0) killed = killRclone()
    })
    const started = Date.now()
    const first = await host.upload()
    assert.strictEqual(killed, 1)
    assert.isBelow(Date.now() - started, 20_000, "nothing waits for what is gone")
    assert.isTrue(first.items.every((item) => item.outcome === "failed" || item.outcome === "deferred"))
    await host.checkProven()
    const arrived = host.names()
    assert.isAbove(arrived.length, 0)
    host.b2.ledger.reset()
    const second = await host.upload()
    assert.isTrue(
      second.items.every((item) => item.outcome === "uploaded"),
      reasons(second)
    )
    const sent = host.b2.ledger.of("b2_upload_file").map((call) => call.name)
    assert.deepStrictEqual(
      sent.filter((name) => arrived.includes(name)),
      []
    )
    await host.checkSettled(40)
  })
})

describe("an answer is lost, or says more than is true", () => {
  it("scenario 11: an upload that says it did well and left nothing is not believed", async () => {
    await using host = await small()
    host.file("Show/one.mkv", "one")
    host.file("other.mkv", "other")
    host.torrent("Show")
    host.torrent("other.mkv")
    const off = host.b2.on(
      "b2_upload_file",
      ({ name }) => {
        if (name.endsWith("one.mkv")) host.b2.tamper.delete(name)
      },
      "performed"
    )
    const first = await host.upload()
    assert.deepStrictEqual(outcomes(first), { Show: "failed", "other.mkv": "uploaded" })
    assert.include(reasons(first), "it is not there after the upload")
    assert.deepStrictEqual(host.markers(), ["other.mkv.uploaded"])
    off()
    assert.deepStrictEqual(outcomes(await host.upload()), { Show: "uploaded" })
    await host.checkSettled(2)
  })

  it("scenario 12: finish done, reply lost: the file is proven, neither refused for good nor left in parts", async () => {
    await using host = await small()
    host.file("Film.mkv", film())
    host.torrent("Film.mkv")
    const fault = host.b2.fail({ on: "b2_finish_large_file", drop: "after" })
    const first = await host.upload()
    assert.strictEqual(fault.hits, 1)
    assert.notStrictEqual(first.items[0]?.outcome, "blocked", reasons(first))
    if (first.items[0]?.outcome !== "uploaded") {
      const second = await host.upload()
      assert.deepStrictEqual(outcomes(second), { "Film.mkv": "uploaded" }, reasons(second))
    }
    assert.deepStrictEqual(host.b2.unfinished(), [])
    await host.checkSettled(1)
  })

  it("scenario 13: upload stored, reply lost: sent twice at most, proven once", async () => {
    await using host = await small()
    host.file("note.txt", "note")
    host.torrent("note.txt")
    const fault = host.b2.fail({ on: "b2_upload_file", drop: "after" })
    const report = await host.upload()
    assert.strictEqual(fault.hits, 1)
    assert.deepStrictEqual(outcomes(report), { "note.txt": "uploaded" }, reasons(report))
    assert.isAtMost(host.b2.versions().length, 2)
    await host.checkSettled(1)
  })

  it("scenario 14: the account's token and the upload URL expire in the middle of a part", async () => {
    await using host = await small()
    const path = host.file("Film.mkv", film(24_000_000))
    host.file("note.txt", "note")
    host.torrent("Film.mkv")
    host.torrent("note.txt")
    let expired = 0
    host.b2.on("b2_upload_part", ({ nth }) => {
      if (nth === 2 || nth === 5) {
        host.b2.expireTokens("all")
        expired += 1
      }
    })
    const report = await host.upload()
    assert.strictEqual(expired, 2)
    assert.deepStrictEqual(outcomes(report), { "Film.mkv": "uploaded", "note.txt": "uploaded" }, reasons(report))
    assert.strictEqual(await host.b2.sha1Of("downloads/Film.mkv"), sha1(readFileSync(path)))
    await host.checkSettled(2)
  })
})

describe("the remote refuses", () => {
  for (const [name, error] of [
    ["storage cap", errors.storageCapExceeded],
    ["cap", errors.capExceeded]
  ] as const) {
    it(`scenario 15: 403 ${name}: everything stops, is said once, and is kept for the next run`, async () => {
      await using host = await small()
      const names = Array.from({ length: 30 }, (_, index) => `item-${index}.txt`)
      for (const name of names) {
        host.file(name)
        host.torrent(name)
      }
      host.file("Film.mkv", film())
      host.torrent("Film.mkv")
      const fault = host.b2.fail({
        on: ["b2_upload_file", "b2_start_large_file", "b2_upload_part"],
        ...error,
        times: Infinity
      })
      const first = await host.upload()
      assert.include(first.stopped ?? "", "cap")
      assert.include(first.stopped ?? "", "nothing is lost")
      assert.isTrue(
        first.items.every((item) => item.outcome === "deferred"),
        reasons(first)
      )
      const tried = host.b2.ledger.of("b2_upload_file").length
      assert.isBelow(tried, 31, "nobody tries again what the cap refuses")
      await host.checkProven()
      fault.cancel()
      const second = await host.upload()
      assert.strictEqual(second.stopped, null)
      assert.isTrue(
        second.items.every((item) => item.outcome === "uploaded"),
        reasons(second)
      )
      await host.checkSettled(31)
    })
  }

  it("scenario 16: a burst of 429 with Retry-After and of 503 is waited out", async () => {
    await using host = await small()
    host.file("a.txt")
    host.file("b.txt")
    host.torrent("a.txt")
    host.torrent("b.txt")
    const limits = host.b2.fail({
      on: "b2_upload_file",
      match: "a.txt",
      ...errors.tooManyRequests,
      retryAfter: 1,
      times: 2
    })
    const storm = host.b2.fail({ on: "b2_upload_file", match: "b.txt", ...errors.serviceUnavailable, times: 3 })
    const report = await host.upload()
    assert.deepStrictEqual([limits.hits, storm.hits], [2, 3])
    assert.deepStrictEqual(outcomes(report), { "a.txt": "uploaded", "b.txt": "uploaded" }, reasons(report))
    await host.checkSettled(2)
  })

  it("scenario 16: a storm that does not end fails what it hits, and only that; the next run goes on", async () => {
    await using host = await small()
    host.file("Show/hit.mkv", "hit")
    host.file("Show/fine.mkv", "fine")
    host.file("other.txt")
    host.torrent("Show")
    host.torrent("other.txt")
    const storm = host.b2.fail({ on: "b2_upload_file", match: "hit", ...errors.serviceUnavailable, times: Infinity })
    const first = await host.upload()
    assert.deepStrictEqual(outcomes(first), { Show: "failed", "other.txt": "uploaded" })
    assert.match(reasons(first), /503.*tried again/)
    await host.checkProven()
    storm.cancel()
    host.b2.ledger.reset()
    assert.deepStrictEqual(outcomes(await host.upload()), { Show: "uploaded" })
    assert.deepStrictEqual(
      host.b2.ledger.of("b2_upload_file").map((call) => call.name),
      ["downloads/Show/hit.mkv"]
    )
    await host.checkSettled(2)
  }, 120_000)

  for (const [name, act, undo] of [
    ["the key is revoked", (host: B2World) => host.b2.revoke(), (host: B2World) => host.b2.unrevoke()],
    [
      "the bucket is deleted",
      (host: B2World) => host.b2.deleteBucket(),
      (host: B2World) => host.b2.createBucket("media")
    ]
  ] as const) {
    it(`scenario 17: ${name} in the middle: all stops, nothing is marked, a later run ends it`, async () => {
      await using host = await small()
      const names = Array.from({ length: 12 }, (_, index) => `item-${String(index).padStart(2, "0")}.txt`)
      for (const name of names) {
        host.file(name)
        host.torrent(name)
      }
      let done = false
      host.b2.on("b2_upload_file", ({ nth }) => {
        if (done || nth !== 4) return
        done = true
        act(host)
      })
      const first = await host.upload()
      assert.isTrue(done)
      assert.isTrue(
        first.items.every((item) => item.outcome === "deferred" || item.outcome === "failed"),
        reasons(first)
      )
      assert.isNotNull(first.stopped)
      assert.deepStrictEqual(host.markers(), [])
      await host.checkProven()
      undo(host)
      const second = await host.upload()
      assert.isTrue(
        second.items.every((item) => item.outcome === "uploaded"),
        reasons(second)
      )
      await host.checkSettled(12)
    }, 120_000)
  }

  for (const act of ["hide", "delete"] as const) {
    it(`scenario 18: ${act} after .uploaded: once somebody has noticed, it is sent again`, async () => {
      await using host = await small()
      host.file("Film.mkv", film())
      host.file("note.txt")
      host.torrent("Film.mkv")
      host.torrent("note.txt")
      await host.upload()
      host.b2.tamper[act]("downloads/Film.mkv")
      host.b2.tamper[act]("downloads/note.txt")
      // What cleanup does when the look before the deletion does not find it.
      for (const { item } of await known(host)) {
        const change = { state: "discovered", reason: "it is not there any more", stamp: null } as const
        await host.run(Effect.flatMap(Items, (items) => items.update(item.id, change)))
      }
      assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "uploaded", "note.txt": "uploaded" })
      await host.checkSettled(2)
    })
  }
})
