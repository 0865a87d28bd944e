import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createHash, randomBytes } from "node:crypto"
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { B2Emulator } from "./emulator.ts"
import { rclone } from "./rclone.ts"

const sha1 = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex")
const parts = { chunk_size: "5M", upload_cutoff: "5M" }
const small = Buffer.from("a small file")
const large = randomBytes(12_000_000)

let b2: B2Emulator
let directory: string

beforeEach(async () => {
  b2 = await B2Emulator.start()
  directory = await mkdtemp(path.join(tmpdir(), "b2-"))
})

afterEach(async () => {
  await b2.stop()
  await rm(directory, { recursive: true })
})

const source = async (files: Record<string, Uint8Array>): Promise<string> => {
  const root = path.join(directory, "source")
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true })
    await writeFile(path.join(root, name), bytes)
  }
  return root
}

const callsOf = (): ReadonlyArray<string> => b2.ledger.calls.map((entry) => entry.call)

describe("rclone's everyday commands", () => {
  it("copies, checks, lists and reads back single and multi-part files", async () => {
    const names = ["plain.txt", "dir/sp ace 'quote\" +%&#?ü.txt", "dir/deeper/日本語 🎬.txt"]
    const files = Object.fromEntries(names.map((name) => [name, Buffer.from(`content of ${name}`)]))
    const root = await source({ ...files, "film.mkv": large })
    const remote = b2.remote("downloads", parts)

    expect(await rclone("copy", root, remote)).toMatchObject({ code: 0 })
    expect(await rclone("check", "--download", root, remote)).toMatchObject({ code: 0 })

    expect(b2.files().map((file) => file.name)).toEqual(
      [
        "downloads/dir/deeper/日本語 🎬.txt",
        `downloads/${names[1]}`,
        "downloads/film.mkv",
        "downloads/plain.txt"
      ].toSorted()
    )
    expect(b2.file("downloads/plain.txt")).toMatchObject({
      parts: 0,
      contentSha1: sha1(Buffer.from("content of plain.txt"))
    })
    expect(b2.file("downloads/film.mkv")).toMatchObject({ parts: 3, contentSha1: "none", size: large.length })
    expect(b2.file("downloads/film.mkv")?.fileInfo["large_file_sha1"]).toBe(sha1(large))
    expect(await b2.sha1Of("downloads/film.mkv")).toBe(sha1(large))
    expect(
      (await b2.bytesOf("downloads/film.mkv", { start: 5_242_870, end: 5_242_890 })).equals(
        large.subarray(5_242_870, 5_242_890)
      )
    ).toBe(true)

    const range = await rclone("cat", "--offset", "8", "--count", "2", `${remote}/plain.txt`)
    expect(range.stdout).toBe("of")
    const listed = await rclone("lsf", "-R", "--files-only", remote)
    expect(listed.stdout.trim().split("\n").toSorted()).toEqual([...names, "film.mkv"].toSorted())
    const folders = await rclone("lsf", "--dirs-only", remote)
    expect(folders.stdout).toBe("dir/\n")
  })

  it("keeps the bytes on disk and frees them", async () => {
    const stored = path.join(directory, "stored")
    await using onDisk = await B2Emulator.start({ directory: stored })
    const root = await source({ "film.mkv": large, "small.txt": small })
    expect(await rclone("copy", root, onDisk.remote("d", parts))).toMatchObject({ code: 0 })
    expect(await rclone("check", "--download", root, onDisk.remote("d", parts))).toMatchObject({ code: 0 })
    expect(await onDisk.sha1Of("d/film.mkv")).toBe(sha1(large))
    onDisk.tamper.overwrite("d/film.mkv", 5_242_870, Buffer.from("across the seam of two parts"))
    onDisk.tamper.truncate("d/film.mkv", 6_000_000)
    const expected = Buffer.from(large.subarray(0, 6_000_000))
    expected.write("across the seam of two parts", 5_242_870)
    expect(await onDisk.sha1Of("d/film.mkv")).toBe(sha1(expected))
    expect(await rclone("check", root, onDisk.remote("d", parts))).toMatchObject({ code: 1 })
  })

  it("lists more than one page", async () => {
    for (let index = 0; index < 1500; index++) b2.tamper.put(`many/${String(index).padStart(4, "0")}`, small)
    const listed = await rclone("lsf", b2.remote("many"))
    expect(listed.stdout.trim().split("\n")).toHaveLength(1500)
    expect(b2.ledger.of("b2_list_file_names")).toHaveLength(2)
  })

  it("hides what is deleted, and forgets it with cleanup", async () => {
    const root = await source({ "small.txt": small })
    await rclone("copy", root, b2.remote("d"))
    expect(await rclone("deletefile", b2.remote("d/small.txt"))).toMatchObject({ code: 0 })
    expect(b2.files()).toEqual([])
    expect(b2.versions().map((version) => version.action)).toEqual(["hide", "upload"])
    expect(await rclone("cleanup", b2.remote("d"))).toMatchObject({ code: 0 })
    expect(b2.versions()).toEqual([])
  })

  it("has cleanup cancel what was left unfinished", async () => {
    const root = await source({ "film.mkv": large })
    b2.fail({ on: ["b2_finish_large_file", "b2_cancel_large_file"], times: Infinity, status: 400, code: "bad_request" })
    expect((await rclone("copy", "--retries", "1", root, b2.remote("d", parts))).code).toBe(1)
    expect(b2.unfinished().map((version) => version.name)).toEqual(["d/film.mkv"])
    b2.clearFaults()
    expect(await rclone("backend", "cleanup", b2.remote("d"))).toMatchObject({ code: 0 })
    expect(b2.unfinished()).toHaveLength(1)
    b2.tamper.backdate("d/film.mkv", Date.now() - 48 * 3_600_000)
    expect(await rclone("backend", "cleanup", b2.remote("d"))).toMatchObject({ code: 0 })
    expect(b2.unfinished()).toEqual([])
  })

  it("copies on the server, whole and in parts", async () => {
    const root = await source({ "film.mkv": large })
    const options = { ...parts, copy_cutoff: "5M" }
    await rclone("copy", root, b2.remote("d", options))
    expect(await rclone("copyto", b2.remote("d/film.mkv"), b2.remote("e/whole.mkv"))).toMatchObject({ code: 0 })
    expect(await rclone("copyto", b2.remote("d/film.mkv", options), b2.remote("e/parts.mkv", options))).toMatchObject({
      code: 0
    })
    expect(callsOf()).toContain("b2_copy_file")
    expect(b2.ledger.of("b2_copy_part")).toHaveLength(3)
    expect(await b2.sha1Of("e/whole.mkv")).toBe(sha1(large))
    expect(await b2.sha1Of("e/parts.mkv")).toBe(sha1(large))
  })

  it("makes and removes buckets", async () => {
    const remote = b2.remote().replace(/media$/, "fresh-bucket")
    expect(await rclone("mkdir", remote)).toMatchObject({ code: 0 })
    expect(await rclone("rmdir", remote)).toMatchObject({ code: 0 })
    expect((await rclone("lsd", b2.remote().replace(/media$/, ""))).stdout).toMatch(/^\s*-1 .* media\n$/)
  })

  it("is content with a key that is restricted to the bucket", async () => {
    await using restricted = await B2Emulator.start({ restricted: true })
    restricted.createBucket("other-bucket")
    const root = await source({ "small.txt": small })
    expect(await rclone("copy", root, restricted.remote("d"))).toMatchObject({ code: 0 })
    expect(restricted.ledger.of("b2_list_buckets")).toEqual([])
    const elsewhere = restricted.remote("d").replace(":media/", ":other-bucket/")
    expect(await rclone("copy", root, elsewhere)).toMatchObject({ code: 1 })
    expect(restricted.files("other-bucket")).toEqual([])
  })

  it("bills what B2 bills", async () => {
    const root = await source({ "a.txt": small, "b.txt": small, "film.mkv": large })
    await rclone("copy", root, b2.remote("d", parts))
    // Authorize, list buckets and one listing (C); whether d is itself a file (B); three upload URLs or starts, two
    // uploads, one finish, and for three parts as many uploads and up to as many URLs (A).
    expect(b2.ledger.counts()).toMatchObject({ b: 1, c: 3 })
    expect(b2.ledger.billed()).toBe(4)
    expect(callsOf().filter((call) => call === "b2_upload_part" || call === "b2_upload_file")).toHaveLength(5)
    b2.ledger.reset()
    await rclone("copy", root, b2.remote("d", parts))
    expect(callsOf()).toEqual([
      "b2_authorize_account",
      "b2_download_file_by_name",
      "b2_list_buckets",
      "b2_list_file_names"
    ])
  })
})
