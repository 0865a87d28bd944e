import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Effect } from "effect"
import { createHash } from "node:crypto"
import { B2Emulator } from "./emulator.ts"
import { Fields } from "./fields.ts"
import { b2Emulator } from "./layer.ts"
import { B2Process } from "./process.ts"
import { rclone } from "./rclone.ts"

/** What rclone does not ask for, and the limits it does not run into. */

let b2: B2Emulator
let token: string

const sha1 = (bytes: Uint8Array): string => createHash("sha1").update(bytes).digest("hex")

beforeEach(async () => {
  b2 = await B2Emulator.start({ minimumPartSize: 10 })
  token = (await authorize("v4")).string("authorizationToken")
})

afterEach(() => b2.stop())

const authorize = async (version: string, key = b2.key): Promise<Fields> => {
  const authorization = `Basic ${Buffer.from(`${b2.account}:${key}`).toString("base64")}`
  const response = await fetch(`${b2.url}/b2api/${version}/b2_authorize_account`, { headers: { authorization } })
  return Fields.parse(await response.text())
}

const call = async (name: string, body: Record<string, unknown>): Promise<Fields> => {
  const response = await fetch(`${b2.url}/b2api/v1/${name}`, {
    method: "POST",
    headers: { authorization: token },
    body: JSON.stringify(body)
  })
  return Fields.parse(await response.text())
}

const bucketId = async (): Promise<string> => {
  const answer = await call("b2_list_buckets", { accountId: "123456789000" })
  return new Fields(answer.records("buckets")[0] ?? {}).string("bucketId")
}

const send = async (target: Fields, bytes: string, headers: Record<string, string>): Promise<Fields> => {
  const response = await fetch(target.string("uploadUrl"), {
    method: "POST",
    headers: {
      authorization: target.string("authorizationToken"),
      "content-type": "b2/x-auto",
      "x-bz-content-sha1": sha1(Buffer.from(bytes)),
      ...headers
    },
    body: bytes
  })
  return Fields.parse(await response.text())
}

const upload = async (name: string, bytes: string, headers: Record<string, string> = {}): Promise<Fields> =>
  send(await call("b2_get_upload_url", { bucketId: await bucketId() }), bytes, { "x-bz-file-name": name, ...headers })

const start = async (fileName: string): Promise<string> =>
  (await call("b2_start_large_file", { bucketId: await bucketId(), fileName, contentType: "text/plain" })).string(
    "fileId"
  )

const sendPart = async (fileId: string, part: number, bytes: string): Promise<Fields> =>
  send(await call("b2_get_upload_part_url", { fileId }), bytes, { "x-bz-part-number": String(part) })

describe("authorize", () => {
  it("answers in the shape of each version", async () => {
    const flat = await authorize("v1")
    expect(flat.string("apiUrl")).toBe(b2.url)
    expect(flat.number("absoluteMinimumPartSize")).toBe(10)
    expect((await authorize("v4")).has("apiInfo")).toBe(true)
    expect((await authorize("v4", "wrong")).string("code")).toBe("bad_auth_token")
  })
})

describe("uploads", () => {
  it("are refused when the SHA-1 is another", async () => {
    const answer = await upload("file", "content", { "x-bz-content-sha1": "0".repeat(40) })
    expect(answer.number("status")).toBe(400)
    expect(b2.versions()).toEqual([])
    const atEnd = await upload("file", `content${"0".repeat(40)}`, { "x-bz-content-sha1": "hex_digits_at_end" })
    expect(atEnd.number("status")).toBe(400)
    const right = await upload("file", `content${sha1(Buffer.from("content"))}`, {
      "x-bz-content-sha1": "hex_digits_at_end"
    })
    expect(right.number("contentLength")).toBe(7)
    expect((await b2.bytesOf("file")).toString()).toBe("content")
  })

  it.each([
    "a".repeat(1025),
    "/lead",
    "trail/",
    "dou//ble",
    "back%5Cslash",
    "del%7F",
    "new%0Aline",
    "a/" + "b".repeat(251),
    "%FF",
    ""
  ])("are refused under a bad name: %s", async (name) => {
    expect((await upload(name, "content")).number("status")).toBe(400)
    expect(b2.versions()).toEqual([])
  })

  it("are accepted up to 1024 bytes of name, in segments", async () => {
    const name = `${"ü".repeat(100)}/`.repeat(5) + "a".repeat(19)
    expect(Buffer.byteLength(name)).toBe(1024)
    expect((await upload(encodeURIComponent(name), "content")).string("fileName")).toBe(name)
  })
})

describe("large files", () => {
  it("list their parts and themselves while unfinished", async () => {
    const fileId = await start("d/large")
    await start("e/other")
    await sendPart(fileId, 2, "the second part")
    await sendPart(fileId, 1, "the first part, to be replaced")
    await sendPart(fileId, 1, "the first part")
    const parts = await call("b2_list_parts", { fileId, maxPartCount: 1 })
    expect(parts.records("parts")).toMatchObject([{ partNumber: 1, contentLength: 14 }])
    expect(parts.number("nextPartNumber")).toBe(2)
    const unfinished = await call("b2_list_unfinished_large_files", { bucketId: await bucketId(), namePrefix: "d/" })
    expect(unfinished.records("files")).toMatchObject([{ fileId, fileName: "d/large", action: "start" }])
    const partSha1Array = ["the first part", "the second part"].map((text) => sha1(Buffer.from(text)))
    expect(
      (await call("b2_finish_large_file", { fileId, partSha1Array: partSha1Array.toReversed() })).number("status")
    ).toBe(400)
    expect((await call("b2_finish_large_file", { fileId, partSha1Array })).string("contentSha1")).toBe("none")
    expect((await call("b2_finish_large_file", { fileId, partSha1Array })).number("status")).toBe(400)
    expect((await b2.bytesOf("d/large")).toString()).toBe("the first partthe second part")
  })

  it("need contiguous parts of the minimum size, and at least two", async () => {
    const fileId = await start("large")
    const finish = (...texts: ReadonlyArray<string>) =>
      call("b2_finish_large_file", { fileId, partSha1Array: texts.map((text) => sha1(Buffer.from(text))) })
    expect((await sendPart(fileId, 10_001, "part")).number("status")).toBe(400)
    await sendPart(fileId, 1, "short")
    expect((await finish("short")).string("message")).toContain("at least 2 parts")
    await sendPart(fileId, 3, "the last")
    expect((await finish("short", "the last")).number("status")).toBe(400)
    await sendPart(fileId, 2, "long enough")
    expect((await finish("short", "long enough", "the last")).string("message")).toContain("smaller than 10")
    expect((await call("b2_cancel_large_file", { fileId })).string("fileId")).toBe(fileId)
    expect(b2.versions()).toEqual([])
  })
})

describe("lists", () => {
  it("fold folders, and go on page by page without losing or repeating any", async () => {
    for (const name of ["a", "b/1", "b/2", "c", "d/1", "d/2", "e"]) b2.tamper.put(name, Buffer.from(name))
    const names: Array<unknown> = []
    let startFileName: string | undefined
    do {
      const page = await call("b2_list_file_names", {
        bucketId: await bucketId(),
        delimiter: "/",
        maxFileCount: 2,
        startFileName
      })
      names.push(...page.records("files").map((file) => file["fileName"]))
      startFileName = page.optionalString("nextFileName")
    } while (startFileName !== undefined)
    expect(names).toEqual(["a", "b/", "c", "d/", "e"])
    expect(
      (await call("b2_list_file_names", { bucketId: await bucketId(), maxFileCount: 1001 })).number("status")
    ).toBe(400)
  })

  it("show versions newest first, page by page", async () => {
    for (let index = 0; index < 3; index++) b2.tamper.put("a", Buffer.from(String(index)))
    b2.tamper.hide("a")
    const first = await call("b2_list_file_versions", { bucketId: await bucketId(), maxFileCount: 3 })
    const rest = await call("b2_list_file_versions", {
      bucketId: await bucketId(),
      startFileName: first.string("nextFileName"),
      startFileId: first.string("nextFileId")
    })
    const actions = [...first.records("files"), ...rest.records("files")].map((file) => file["action"])
    expect(actions).toEqual(["hide", "upload", "upload", "upload"])
    expect(b2.file("a")).toBeUndefined()
  })
})

describe("downloads", () => {
  it("know ranges, and hide what is hidden", async () => {
    await upload("file", "0123456789", { "x-bz-info-src_last_modified_millis": "1" })
    const get = (range?: string) =>
      fetch(`${b2.url}/file/media/file`, {
        headers: { authorization: token, ...(range === undefined ? {} : { range }) }
      })
    expect((await get()).headers.get("x-bz-info-src_last_modified_millis")).toBe("1")
    expect(await (await get("bytes=2-4")).text()).toBe("234")
    expect(await (await get("bytes=-3")).text()).toBe("789")
    expect((await get("bytes=10-")).status).toBe(416)
    b2.tamper.hide("file")
    expect((await get()).status).toBe(404)
    expect((await fetch(`${b2.url}/file/media/file`)).status).toBe(401)
  })
})

describe("in a scope", () => {
  it("stops with it", async () => {
    const alive = (url: string) => fetch(`${url}/_admin/files`).then((response) => response.ok)
    const url = await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const scoped = yield* b2Emulator()
          expect(yield* Effect.promise(() => alive(scoped.url))).toBe(true)
          return scoped.url
        })
      )
    )
    await expect(alive(url)).rejects.toThrow("fetch failed")
  })
})

describe("a process of its own", () => {
  it("does the same over HTTP", async () => {
    await using other = await B2Process.start({ latency: 1 })
    await other.tamper({ op: "put", name: "d/file", base64: Buffer.from("0123456789").toString("base64") })
    await other.tamper({ op: "overwrite", name: "d/file", offset: 3, base64: Buffer.from("xyz").toString("base64") })
    expect((await rclone("cat", "--ignore-checksum", other.remote("d/file"))).stdout).toBe("012xyz6789")
    expect((await other.bytesOf("d/file", { start: 2, end: 5 })).toString()).toBe("2xy")
    expect(await other.sha1Of("d/file")).toBe(sha1(Buffer.from("012xyz6789")))
    expect(await other.files()).toMatchObject([{ name: "d/file", size: 10 }])
    await other.resetLedger()
    await other.fail({ on: "b2_list_file_names", times: Infinity, status: 400, code: "bad_request" })
    expect((await rclone("lsf", other.remote("d"))).code).not.toBe(0)
    const { calls, counts, billed } = await other.ledger()
    expect(calls.at(-1)).toMatchObject({ call: "b2_list_file_names", status: 400 })
    expect(counts.b + counts.c).toBe(billed)
    await other.reset()
    expect(await other.files()).toEqual([])
  })
})
