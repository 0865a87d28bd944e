import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { randomBytes } from "node:crypto"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { B2Emulator } from "./emulator.ts"
import { errors, type FaultRule } from "./faults.ts"
import { rclone } from "./rclone.ts"

/** Each row of B2's error table, as real rclone takes it. */

const parts = { chunk_size: "5M", upload_cutoff: "5M" }
const large = randomBytes(12_000_000)

let b2: B2Emulator
let directory: string

beforeEach(async () => {
  b2 = await B2Emulator.start()
  directory = await mkdtemp(path.join(tmpdir(), "b2-faults-"))
})

afterEach(async () => {
  await b2.stop()
  await rm(directory, { recursive: true })
})

const copySmall = async (...flags: ReadonlyArray<string>) => {
  await writeFile(path.join(directory, "small.txt"), "a small file")
  return rclone("copyto", ...flags, path.join(directory, "small.txt"), b2.remote("d/small.txt"))
}

const copyLarge = async (...flags: ReadonlyArray<string>) => {
  await writeFile(path.join(directory, "film.mkv"), large)
  return rclone("copyto", ...flags, path.join(directory, "film.mkv"), b2.remote("d/film.mkv", parts))
}

const actions = () => b2.versions().map((version) => version.action)
const statuses = (call: Parameters<typeof b2.ledger.of>[0]) => b2.ledger.of(call).map((entry) => entry.status)

describe("what is passing", () => {
  const passing: ReadonlyArray<readonly [string, Partial<FaultRule>]> = [
    ["401 expired_auth_token", errors.expiredAuthToken],
    ["401 bad_auth_token", errors.badAuthToken],
    ["408", errors.requestTimeout],
    ["429", errors.tooManyRequests],
    ["500", errors.internalError],
    ["503", errors.serviceUnavailable],
    ["a socket closed before", { drop: "before" }],
    ["a socket closed mid-body", { drop: "mid-body" }]
  ]

  it.each(passing)("is retried on a fresh URL for a part: %s", async (_name, fault) => {
    const rule = b2.fail({ on: "b2_upload_part", nth: 2, ...fault })
    expect(await copyLarge("--b2-upload-concurrency", "1")).toMatchObject({ code: 0 })
    expect(rule.hits).toBe(1)
    expect(b2.ledger.of("b2_upload_part")).toHaveLength(4)
    expect(b2.ledger.of("b2_get_upload_part_url")).toHaveLength(2)
    expect((await b2.bytesOf("d/film.mkv")).equals(large)).toBe(true)
    expect(actions()).toEqual(["upload"])
  })

  it.each(passing)("is retried on a fresh URL for a file: %s", async (_name, fault) => {
    const rule = b2.fail({ on: "b2_upload_file", ...fault })
    expect(await copySmall()).toMatchObject({ code: 0 })
    expect(rule.hits).toBe(1)
    expect(b2.ledger.of("b2_upload_file")).toHaveLength(2)
    expect(b2.ledger.of("b2_get_upload_url")).toHaveLength(2)
    expect(actions()).toEqual(["upload"])
  })

  it("waits as long as Retry-After says", async () => {
    b2.fail({ on: "b2_list_buckets", ...errors.tooManyRequests, retryAfter: 2 })
    const result = await copySmall()
    expect(result.code).toBe(0)
    expect(result.took).toBeGreaterThan(2000)
  })

  it("has rclone authorize again when the account's token expires", async () => {
    b2.on("b2_start_large_file", ({ nth }) => (nth === 1 ? b2.expireTokens("account") : undefined))
    expect(await copyLarge()).toMatchObject({ code: 0 })
    expect(statuses("b2_start_large_file")).toEqual([401, 200])
    expect(b2.ledger.of("b2_authorize_account")).toHaveLength(2)
  })

  it("has rclone fetch another URL when the upload's token expires", async () => {
    b2.on("b2_upload_file", ({ nth }) => (nth === 1 ? b2.expireTokens("upload") : undefined))
    expect(await copySmall()).toMatchObject({ code: 0 })
    expect(statuses("b2_upload_file")).toEqual([401, 200])
  })

  it("may be a proxy's HTML", async () => {
    b2.fail({ on: "b2_list_buckets", status: 503, body: "<html><h1>503 Service Unavailable</h1></html>" })
    expect(await copySmall()).toMatchObject({ code: 0 })
    expect(statuses("b2_list_buckets")).toEqual([503, 200])
  })

  it("is simulated by X-Bz-Test-Mode", async () => {
    expect(await copyLarge("--b2-test-mode", "fail_some_uploads")).toMatchObject({ code: 0 })
    expect(statuses("b2_upload_part")).toContain(503)
    expect(
      await copyLarge("--ignore-times", "--b2-test-mode", "expire_some_account_authorization_tokens")
    ).toMatchObject({ code: 0 })
    expect(b2.ledger.calls.filter((entry) => entry.code === "expired_auth_token").length).toBeGreaterThan(0)
    expect(await copyLarge("--ignore-times", "--b2-test-mode", "force_cap_exceeded")).toMatchObject({ code: 7 })
  })
})

describe("what is not", () => {
  it.each([
    ["storage", errors.storageCapExceeded],
    ["transaction", errors.transactionCapExceeded],
    ["unnamed", errors.capExceeded]
  ])("a cap ends rclone with 7 and without another try: %s", async (_name, error) => {
    b2.fail({ on: ["b2_upload_file", "b2_upload_part"], times: Infinity, ...error })
    expect(await copySmall()).toMatchObject({ code: 7 })
    expect(statuses("b2_upload_file")).toEqual([403])
    expect(b2.versions()).toEqual([])
  })

  it("a download cap ends rclone with 7", async () => {
    b2.tamper.put("d/small.txt", Buffer.from("small"))
    b2.fail({
      on: ["b2_download_file_by_id", "b2_download_file_by_name"],
      nth: 2,
      times: Infinity,
      ...errors.downloadCapExceeded
    })
    expect(await rclone("copy", b2.remote("d/small.txt"), path.join(directory, "back"))).toMatchObject({ code: 7 })
  })

  it("400 is tried once a run", async () => {
    b2.fail({ on: "b2_upload_file", times: Infinity, ...errors.badRequest })
    const result = await copySmall("--retries", "1")
    expect(result.code).toBe(1)
    expect(b2.ledger.of("b2_upload_file")).toHaveLength(1)
    expect(result.took).toBeLessThan(10_000)
  })

  it("a revoked key refuses everything, also mid-upload", async () => {
    // rclone takes it for a token that ran out: with its usual ten tries it backs off for minutes.
    const off = b2.on("b2_upload_part", () => b2.revoke())
    const result = await copyLarge("--retries", "1", "--low-level-retries", "1", "--b2-upload-concurrency", "1")
    expect(result.code).toBe(1)
    expect(b2.files()).toEqual([])
    expect(b2.unfinished()).toHaveLength(1)
    const answers = b2.ledger.calls.slice(b2.ledger.calls.findIndex((entry) => entry.call === "b2_upload_part"))
    expect(answers.every((entry) => entry.code === "bad_auth_token")).toBe(true)
    off()
    b2.unrevoke()
    expect(await copyLarge()).toMatchObject({ code: 0 })
  })

  it("a bucket may go in the middle of it", async () => {
    b2.on("b2_upload_file", () => b2.deleteBucket())
    expect(await copySmall("--retries", "1")).toMatchObject({ code: 1 })
    expect(statuses("b2_upload_file")).toEqual([400])
  })
})

describe("a reply that is lost", () => {
  it("of finish: the retry is 400, the file is there, and a second run has nothing to do", async () => {
    b2.fail({ on: "b2_finish_large_file", drop: "after" })
    expect(await copyLarge("--retries", "1")).toMatchObject({ code: 1 })
    expect(statuses("b2_finish_large_file")).toEqual([0, 400])
    expect((await b2.bytesOf("d/film.mkv")).equals(large)).toBe(true)
    b2.ledger.reset()
    expect(await copyLarge()).toMatchObject({ code: 0 })
    expect(b2.ledger.of("b2_upload_part")).toEqual([])
  })

  it("of an upload: the retry makes a second version, which is billed", async () => {
    b2.fail({ on: "b2_upload_file", drop: "after" })
    expect(await copySmall()).toMatchObject({ code: 0 })
    expect(actions()).toEqual(["upload", "upload"])
  })

  it("of a part: the retry overwrites it", async () => {
    b2.fail({ on: "b2_upload_part", nth: 2, drop: "after" })
    expect(await copyLarge()).toMatchObject({ code: 0 })
    expect(actions()).toEqual(["upload"])
    expect((await b2.bytesOf("d/film.mkv")).equals(large)).toBe(true)
  })

  it("of a download, halfway: rclone reads on from there", async () => {
    b2.tamper.put("d/film.mkv", large)
    b2.fail({ on: "b2_download_file_by_id", drop: "mid-body" })
    const result = await rclone("check", "--download", "--retries", "1", b2.remote("d"), b2.remote("d"))
    expect(result.code).toBe(0)
    expect(statuses("b2_download_file_by_id")).toContain(206)
  })
})

describe("a rule", () => {
  it("can hold a call until it is released", async () => {
    const rule = b2.fail({ on: "b2_upload_file", hang: true })
    const running = copySmall()
    const arrived = Promise.withResolvers<void>()
    b2.on("b2_upload_file", () => arrived.resolve())
    await arrived.promise
    expect(b2.files()).toEqual([])
    rule.release()
    expect(await running).toMatchObject({ code: 0 })
    expect(b2.files()).toHaveLength(1)
  })

  it("can be for one file only", async () => {
    b2.fail({ on: "b2_upload_file", match: "other", times: Infinity, ...errors.badRequest })
    expect(await copySmall()).toMatchObject({ code: 0 })
  })

  it("can slow things down, as latency and bandwidth do", async () => {
    b2.fail({ on: "b2_upload_file", delay: 700 })
    b2.latency = 100
    const slow = await copySmall()
    expect(slow.took).toBeGreaterThan(1000)
    b2.latency = 0
    b2.bandwidth = 6_000_000
    expect((await copyLarge()).took).toBeGreaterThan(1900)
  })
})
