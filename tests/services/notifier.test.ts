import { chmodSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { adapters, fileWith, folder, need, serving } from "./watchedRig.ts"

const jellyfin = { url: "http://127.0.0.1:1", apiKeyFile: "/none" }
const nasty = {
  kind: "retired",
  title: "Retired: Amélie\r\nBcc: evil@example.org",
  lines: ["Amélie, 4 GiB", ".", "–"]
} as const

const decoded = (header: string) =>
  header.replaceAll(/=\?UTF-8\?B\?([^?]*)\?=\s*/gu, (_, base64: string) => Buffer.from(base64, "base64").toString())

describe("ntfy", () => {
  it.live("gets a title that is safe in a header, the lines, and the token", () =>
    Effect.gen(function* () {
      const server = yield* serving((_, response) => response.end("{}"))
      const tokenFile = yield* fileWith("tk_secret\n")
      const { notifier } = yield* adapters({ jellyfin, notify: { ntfy: { url: `${server.url}/media`, tokenFile } } })
      assert.deepStrictEqual(yield* notifier.send(nasty), [{ channel: "ntfy", trouble: null }])
      const call = need(server.calls[0])
      assert.strictEqual(call.url.pathname, "/media")
      assert.match(String(call.headers["title"]), /^[\x20-\x7e]+$/)
      assert.strictEqual(decoded(String(call.headers["title"])), "Retired: Amélie Bcc: evil@example.org")
      assert.isUndefined(call.headers["bcc"])
      assert.strictEqual(call.headers.authorization, "Bearer tk_secret")
      assert.strictEqual(call.body, nasty.lines.join("\n"))
      yield* notifier.send({ ...nasty, lines: Array.from({ length: 900 }, (_, at) => `Film ${at}`) })
      assert.isBelow(Buffer.byteLength(server.calls[1]?.body ?? ""), 4096)
      assert.match(server.calls[1]?.body ?? "", /… and \d+ more$/)
    })
  )

  it.live("is told only what it is to be told", () =>
    Effect.gen(function* () {
      const server = yield* serving((_, response) => response.end())
      const { notifier } = yield* adapters({ jellyfin, notify: { on: ["fuse"], ntfy: { url: `${server.url}/media` } } })
      assert.deepStrictEqual(yield* notifier.send(nasty), [])
      assert.strictEqual(server.calls.length, 0)
      yield* notifier.send({ ...nasty, kind: "fuse" })
      assert.strictEqual(server.calls.length, 1)
    })
  )
})

describe("a webhook", () => {
  it.live("gets JSON, and its address stays a secret", () =>
    Effect.gen(function* () {
      let status = 200
      const server = yield* serving((_, response) =>
        response.writeHead(status, { location: `${server.url}/s3cret` }).end()
      )
      const urlFile = yield* fileWith(`${server.url}/hooks/s3cret?key=s3cret\n`)
      const { notifier } = yield* adapters({ jellyfin, notify: { webhook: { urlFile } } })
      assert.deepStrictEqual(yield* notifier.send(nasty), [{ channel: "webhook", trouble: null }])
      const body: unknown = JSON.parse(server.calls[0]?.body ?? "")
      assert.deepInclude(body, { kind: "retired", title: nasty.title, lines: nasty.lines })
      for (status of [302, 404, 500]) {
        const [told] = yield* notifier.send(nasty)
        assert.strictEqual(told?.trouble, `answered ${status}`)
      }
      assert.strictEqual(server.calls.length, 4)
    })
  )

  it.live.each(["http://127.0.0.1:1/s3cret\n", "ftp://s3cret.example\n", "http://s3cret.invalid/x\n", "\n"])(
    "an address of %j is trouble without it",
    (text) =>
      Effect.gen(function* () {
        const { notifier } = yield* adapters({
          jellyfin,
          notify: { webhook: { urlFile: yield* fileWith(text, "url") } }
        })
        const [told] = yield* notifier.send(nasty)
        assert.isString(told?.trouble)
        assert.notInclude(told?.trouble, "s3cret")
      })
  )
})

describe("mail", () => {
  const script = (body: string) =>
    Effect.map(folder, (path) => {
      const sendmail = join(path, "sendmail")
      writeFileSync(sendmail, `#!/bin/sh\n${body.replaceAll("HERE", path)}\n`)
      chmodSync(sendmail, 0o755)
      return { path, sendmail }
    })

  it.live("has its recipients and a subject in UTF-8, and no header of anybody else's", () =>
    Effect.gen(function* () {
      const { path, sendmail } = yield* script('printf "%s " "$@" > HERE/args; cat > HERE/mail')
      const mail = { to: ["-oQ/tmp", "ann@example.org"], from: "Médias <media@example.org>", sendmail }
      const { notifier } = yield* adapters({ jellyfin, notify: { mail } })
      assert.deepStrictEqual(yield* notifier.send(nasty), [{ channel: "mail", trouble: null }])
      assert.strictEqual(readFileSync(join(path, "args"), "utf8"), "-i -t ")
      const [head = "", body = ""] = readFileSync(join(path, "mail"), "utf8").split("\n\n")
      const headers = head.replaceAll("\n ", " ").split("\n")
      assert.ok(headers.includes("To: -oQ/tmp, ann@example.org"))
      assert.deepStrictEqual(
        headers.filter((line) => /^bcc/iu.test(line)),
        []
      )
      const line = (name: string) => decoded(headers.find((one) => one.startsWith(name)) ?? "")
      assert.strictEqual(line("Subject: "), "Subject: Retired: Amélie Bcc: evil@example.org")
      assert.strictEqual(line("From: "), "From: Médias<media@example.org>")
      assert.ok(head.split("\n").every((one) => one.length <= 78 && /^[\x20-\x7e]*$/u.test(one)))
      assert.strictEqual(Buffer.from(body, "base64").toString(), `${nasty.lines.join("\n")}\n`)
    })
  )

  it.live("a sendmail that fails, or is missing, is trouble and no more", () =>
    Effect.gen(function* () {
      const { path, sendmail } = yield* script("echo no queue >&2; exit 75")
      const to = ["root"]
      const one = yield* adapters({ jellyfin, notify: { mail: { to, sendmail } } })
      assert.match((yield* one.notifier.send(nasty))[0]?.trouble ?? "", /ended with 75: no queue/)
      const two = yield* adapters({ jellyfin, notify: { mail: { to, sendmail: join(path, "missing") } } })
      assert.match((yield* two.notifier.send(nasty))[0]?.trouble ?? "", /no such program/)
    })
  )
})
