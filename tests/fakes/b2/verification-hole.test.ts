import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createHash, randomBytes } from "node:crypto"
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import path from "node:path"
import { changeAndRestore, truncateMidUpload } from "./corruptions.ts"
import { B2Emulator } from "./emulator.ts"
import { rclone } from "./rclone.ts"

/**
 * What bare rclone believes of a source that changes while it is uploaded in parts.
 *
 * rclone hashes the file, claims that hash as `large_file_sha1`, and then reads the parts. B2 verifies each part against
 * what rclone sends with it, so nothing ever compares the parts with the claim, and rclone's own checks compare the claim
 * with the (cached or restored) source.
 *
 * The flags: `chunk_size=5M,upload_cutoff=5M` makes a small file multi-part, `--multi-thread-cutoff 5M` gets it onto the
 * multi-thread path, where rclone has every file of 256 MiB and more by default. That path reads each part by range and
 * minds neither size nor mtime nor hash of what it reads. The single-stream path (`--multi-thread-streams 1`) minds all
 * three and catches both.
 */
const multiThread = ["--multi-thread-cutoff", "5M", "--retries", "1"]
const singleStream = ["--multi-thread-streams", "1", "--buffer-size", "0", "--retries", "1"]
const parts = { chunk_size: "5M", upload_cutoff: "5M" }
const size = 24_000_000

const sha1 = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex")

describe("bare rclone", () => {
  let b2: B2Emulator
  let directory: string
  let film: string
  let original: string

  beforeEach(async () => {
    b2 = await B2Emulator.start()
    directory = await mkdtemp(path.join(tmpdir(), "b2-hole-"))
    film = path.join(directory, "film.mkv")
    const bytes = randomBytes(size)
    original = sha1(bytes)
    await writeFile(film, bytes)
  })

  afterEach(async () => {
    await b2.stop()
    await rm(directory, { recursive: true })
  })

  it("calls a change that was undone equal", async () => {
    const corruption = changeAndRestore(b2, film)
    const remote = b2.remote("downloads", parts)

    expect(await rclone("copy", "--checksum", ...multiThread, directory, remote)).toMatchObject({ code: 0 })
    expect(await rclone("check", directory, remote)).toMatchObject({ code: 0 })

    expect(corruption).toEqual({ done: true, restored: true })
    expect(sha1(await readFile(film))).toBe(original)
    const stored = b2.file("downloads/film.mkv")
    expect(stored).toMatchObject({ size, contentSha1: "none", parts: 5 })
    expect(stored?.fileInfo["large_file_sha1"]).toBe(original)
    expect(await b2.sha1Of("downloads/film.mkv")).not.toBe(original)
  })

  it("calls the upload of a file that was truncated meanwhile a success", async () => {
    const corruption = truncateMidUpload(b2, film, 22_000_000)
    const remote = b2.remote("downloads", parts)

    expect(await rclone("copy", "--checksum", ...multiThread, directory, remote)).toMatchObject({ code: 0 })

    expect(corruption.done).toBe(true)
    expect((await stat(film)).size).toBe(22_000_000)
    const stored = b2.file("downloads/film.mkv")
    expect(stored?.size).toBe(22_000_000)
    expect(stored?.fileInfo["large_file_sha1"], "the hash of bytes that are nowhere any more").toBe(original)
    // A later `rclone check` hashes what is left of the source and does see it.
    expect((await rclone("check", directory, remote)).code).toBe(1)
  })

  it("notices a change that was undone on the single-stream path", async () => {
    const corruption = changeAndRestore(b2, film)
    const result = await rclone("copy", ...singleStream, directory, b2.remote("downloads", parts))
    expect(corruption.done).toBe(true)
    expect(result.code).toBe(1)
    expect(result.stderr).toContain("corrupted on transfer")
  })

  it("notices the truncation on the single-stream path", async () => {
    const corruption = truncateMidUpload(b2, film, 22_000_000)
    const result = await rclone("copy", ...singleStream, directory, b2.remote("downloads", parts))
    expect(corruption.done).toBe(true)
    expect(result.code).not.toBe(0)
    expect(b2.files()).toEqual([])
  })
})
