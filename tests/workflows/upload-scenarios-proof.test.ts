import { assert, describe, it } from "@effect/vitest"
import {
  appendFileSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeSync
} from "node:fs"
import { changeAndRestore, truncateMidUpload } from "../fakes/b2/corruptions.ts"
import { noise } from "../fakes/archives/members.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { errors } from "../fakes/b2/faults.ts"
import { B2World, film, known, outcomes, reasons, sha1 } from "./upload-rig.ts"

const world = () => B2World.start({ small: true })

/** What bare rclone would say of it: `rclone check` calls the copy equal. */
const claimed = (host: B2World, name: string) => host.b2.file(name)?.fileInfo["large_file_sha1"]

describe("2: the source changes while it is sent", () => {
  it("scenario 2: bytes changed during the upload and restored after it: never marked, then replaced", async () => {
    await using host = await world()
    const path = host.file("Film.mkv", film())
    const original = sha1(readFileSync(path))
    host.torrent("Film.mkv")
    const corruption = changeAndRestore(host.b2, path)
    const first = await host.upload()
    assert.deepStrictEqual([corruption.done, corruption.restored], [true, true])
    assert.strictEqual(claimed(host, "downloads/Film.mkv"), original, "the remote claims the right hash")
    assert.notStrictEqual(await host.b2.sha1Of("downloads/Film.mkv"), original, "and holds other bytes")
    assert.deepStrictEqual(outcomes(first), { "Film.mkv": "failed" })
    assert.match(reasons(first), /not proven|written to/)
    assert.deepStrictEqual(host.markers(), [])
    await host.checkProven()
    const second = await host.upload()
    assert.deepStrictEqual(outcomes(second), { "Film.mkv": "uploaded" }, reasons(second))
    assert.strictEqual(await host.b2.sha1Of("downloads/Film.mkv"), original)
    await host.checkSettled(1)
  })

  it("scenario 2: the same happens again in the second run: still not marked, the third ends proven", async () => {
    await using host = await world()
    const path = host.file("Film.mkv", film())
    host.torrent("Film.mkv")
    for (const run of [1, 2]) {
      const corruption = changeAndRestore(host.b2, path)
      const report = await host.upload()
      assert.isTrue(corruption.restored, `run ${run}`)
      assert.deepStrictEqual(outcomes(report), { "Film.mkv": "failed" }, `run ${run}`)
      await host.checkProven()
    }
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "uploaded" })
    await host.checkSettled(1)
  })

  it("scenario 2: restored with another mtime: the claim of the mixed copy is not believed in the next run", async () => {
    // No samples: only the suspicion may lead to reading it back.
    await using host = await B2World.start({ small: true, verify: "metadata" })
    const path = host.file("Film.mkv", film())
    host.torrent("Film.mkv")
    const corruption = changeAndRestore(host.b2, path)
    host.b2.on("b2_finish_large_file", () => utimesSync(path, new Date(1e12), new Date(1e12)))
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "failed" })
    assert.isTrue(corruption.restored)
    assert.strictEqual(claimed(host, "downloads/Film.mkv"), sha1(readFileSync(path)))
    await host.checkProven()
    for (let run = 0; run < 2; run++) {
      await host.upload()
      await host.checkProven()
    }
    assert.strictEqual(await host.b2.sha1Of("downloads/Film.mkv"), sha1(readFileSync(path)))
    await host.checkSettled(1)
  })

  it("scenario 2: the worker dies between a mixed upload and its proof: the claim is not believed by the next", async () => {
    // No samples: only the suspicion may lead to reading it back.
    await using host = await B2World.start({ small: true, verify: "metadata" })
    const path = host.file("Film.mkv", film())
    host.torrent("Film.mkv")
    const corruption = changeAndRestore(host.b2, path)
    // What the first run was about to learn never gets there: no listing after the upload, no reading back.
    const finished = Promise.withResolvers<void>()
    host.b2.on("b2_finish_large_file", () => finished.resolve(), "performed")
    const after = finished.promise.then(() =>
      host.b2.fail({ on: ["b2_list_file_names", "b2_download_file_by_name"], ...errors.badRequest, times: Infinity })
    )
    await host.upload()
    await after
    assert.isTrue(corruption.restored)
    host.b2.clearFaults()
    await host.checkProven()
    for (let run = 0; run < 2; run++) {
      await host.upload()
      await host.checkProven()
    }
    await host.checkSettled(1)
  })

  it("scenario 2: truncated during the upload: what arrived is not marked, and is replaced by what is there now", async () => {
    await using host = await world()
    const path = host.file("Film.mkv", film(24_000_000))
    host.torrent("Film.mkv")
    const corruption = truncateMidUpload(host.b2, path, 22_000_000)
    const first = await host.upload()
    assert.isTrue(corruption.done)
    assert.deepStrictEqual(outcomes(first), { "Film.mkv": "failed" })
    assert.match(reasons(first), /written to|changed/)
    assert.deepStrictEqual(host.markers(), [])
    await host.checkProven()
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "uploaded" })
    assert.strictEqual(host.b2.file("downloads/Film.mkv")?.size, 22_000_000)
    await host.checkSettled(1)
  })

  it("scenario 2: a small file is rewritten while it is sent", async () => {
    await using host = await world()
    const path = host.file("note.txt", "one")
    host.file("other.txt", "fine")
    host.torrent("note.txt")
    host.torrent("other.txt")
    let done = false
    host.b2.on("b2_upload_file", ({ name }) => {
      if (done || !name.endsWith("note.txt")) return
      done = true
      appendFileSync(path, " and more")
    })
    const first = await host.upload()
    assert.isTrue(done)
    assert.deepStrictEqual(outcomes(first), { "note.txt": "failed", "other.txt": "uploaded" })
    await host.checkProven()
    assert.deepStrictEqual(outcomes(await host.upload()), { "note.txt": "uploaded" })
    await host.checkSettled(2)
  })

  it("scenario 2: a copy that rots on the remote behind a right claim is found by its samples and replaced", async () => {
    await using host = await world()
    const path = host.file("Film.mkv", film())
    host.torrent("Film.mkv")
    host.b2.on(
      "b2_finish_large_file",
      async ({ name }) => {
        await Promise.resolve()
        if (host.b2.versions().filter((version) => version.action === "upload").length === 1) {
          await host.b2.tamper.overwrite(name, 0, Buffer.alloc(1000))
        }
      },
      "performed"
    )
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "failed" })
    await host.checkProven()
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "uploaded" })
    assert.strictEqual(await host.b2.sha1Of("downloads/Film.mkv"), sha1(readFileSync(path)))
    await host.checkSettled(1)
  })

  it("scenario 2: verify = readback reads every byte of what is only claimed", async () => {
    await using host = await B2World.start({ small: true, verify: "readback" })
    host.file("Film.mkv", film())
    host.file("small.txt", "small")
    host.torrent("Film.mkv")
    host.torrent("small.txt")
    host.b2.on(
      "b2_finish_large_file",
      async ({ name }) => {
        if (host.b2.versions().filter((version) => version.action === "upload" && version.parts > 0).length === 1) {
          await host.b2.tamper.overwrite(name, 5_000_001, Buffer.alloc(3))
        }
      },
      "performed"
    )
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "failed", "small.txt": "uploaded" })
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "uploaded" })
    const proofs = (await known(host)).flatMap(({ files }) => files.map((file) => file.proof)).toSorted()
    assert.deepStrictEqual(proofs, ["claim+readback", "hash+readback"])
    await host.checkSettled(2)
  })

  it("scenario 2: an extracted member whose copy was refuted is replaced although the copy on the disk is a new one", async () => {
    await using host = await world()
    writeZip(host.file("Show/x.zip"), [{ name: "film.mkv", content: noise(12_000_000) }])
    host.torrent("Show")
    let done = false
    host.b2.on(
      "b2_finish_large_file",
      async ({ name }) => {
        if (done || !name.endsWith("film.mkv")) return
        done = true
        await host.b2.tamper.overwrite(name, 0, Buffer.alloc(1000))
      },
      "performed"
    )
    assert.deepStrictEqual(outcomes(await host.upload()), { Show: "failed" })
    await host.checkProven()
    assert.deepStrictEqual(outcomes(await host.upload()), { Show: "uploaded" })
    assert.strictEqual(host.b2.versions().filter(({ name }) => name.endsWith("film.mkv")).length, 2)
    await host.checkSettled(1)
  })
})

describe("24: what was uploaded changes afterwards", () => {
  it("scenario 24: the item grew after its .uploaded: the sign goes at once, and comes back when it is proven", async () => {
    await using host = await world()
    host.file("Show/one.mkv", "one")
    host.torrent("Show")
    await host.upload()
    assert.deepStrictEqual(host.markers(), ["Show.uploaded"])
    host.file("Show/two.mkv", "two")
    const fault = host.b2.fail({ on: "b2_upload_file", ...errors.capExceeded, times: Infinity })
    assert.deepStrictEqual(outcomes(await host.upload()), { Show: "deferred" })
    assert.deepStrictEqual(host.markers(), [], "half of it is not on the remote")
    fault.cancel()
    assert.deepStrictEqual(outcomes(await host.upload()), { Show: "uploaded" })
    assert.deepStrictEqual(host.markers(), ["Show.uploaded"])
    assert.deepStrictEqual(host.names(), ["downloads/Show/one.mkv", "downloads/Show/two.mkv"])
    await host.checkSettled(1)
  })

  it("scenario 24: a file of the item was rewritten in place: our own older copy is replaced", async () => {
    await using host = await world()
    const path = host.file("Film.mkv", film())
    host.torrent("Film.mkv")
    await host.upload()
    truncateSync(path, 11_000_000)
    const fd = openSync(path, "r+")
    writeSync(fd, Buffer.from("other"), 0, 5, 100)
    fsyncSync(fd)
    closeSync(fd)
    assert.deepStrictEqual(outcomes(await host.upload()), { "Film.mkv": "uploaded" })
    assert.strictEqual(await host.b2.sha1Of("downloads/Film.mkv"), sha1(readFileSync(path)))
    await host.checkSettled(1)
  })
})
