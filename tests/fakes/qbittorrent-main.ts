import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer } from "node:http"
import { Schema } from "effect"
import { FakeDials, FakeOptions } from "./qbittorrent-state.ts"
import { TorrentSpec } from "./qbittorrent-torrents.ts"
import { startFakeQbittorrent, Trouble } from "./qbittorrent.ts"

/*
 * The fake as a process of its own: `node qbittorrent-main.ts FILE`. FILE holds FakeOptions, or the torrents alone.
 * Prints one line, {"url", "control"}, and ends with SIGTERM. Below `control`: POST /fail, /set, /add, /drop, /expire,
 * /heal and /crash turn the dials (JSON bodies), GET /calls, /torrents and /startedBelow (infohashes) show what it has
 * seen, holds and should never have run.
 */

const Input = Schema.fromJsonString(Schema.Union([Schema.Array(TorrentSpec), FakeOptions]))
const Failure = Schema.fromJsonString(
  Schema.Struct({
    trouble: Trouble,
    times: Schema.optionalKey(Schema.Natural),
    path: Schema.optionalKey(Schema.String)
  })
)
const Dials = Schema.fromJsonString(
  Schema.Struct({
    emptyList: Schema.optionalKey(FakeDials.fields.emptyList),
    banned: Schema.optionalKey(FakeDials.fields.banned),
    bypassLocalhost: Schema.optionalKey(FakeDials.fields.bypassLocalhost)
  })
)
const Hash = Schema.fromJsonString(Schema.Struct({ hash: Schema.String }))

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error("usage: qbittorrent-main.ts FILE")
const input = Schema.decodeSync(Input)(readFileSync(file, "utf8"))
const isList = (value: typeof input): value is ReadonlyArray<TorrentSpec> => Array.isArray(value)
const fake = await startFakeQbittorrent(isList(input) ? { torrents: input } : input)

const control = (path: string, body: string): unknown => {
  switch (path) {
    case "/fail": {
      const { trouble, ...options } = Schema.decodeSync(Failure)(body)
      return fake.fail(trouble, options)
    }
    case "/set":
      return fake.set(Schema.decodeSync(Dials)(body))
    case "/add":
      return { hash: fake.add(Schema.decodeSync(Schema.fromJsonString(TorrentSpec))(body)).hash }
    case "/drop":
      return fake.drop(Schema.decodeSync(Hash)(body).hash)
    case "/expire":
      return fake.expireSessions()
    case "/heal":
      return fake.heal()
    case "/crash":
      return fake.crash()
    case "/startedBelow":
      return fake.startedBelow
    case "/calls":
      return fake.calls
    case "/torrents":
      return [...fake.torrents.keys()]
    default:
      throw new Error(`there is no ${path}`)
  }
}

const server = createServer((request, response) => {
  const chunks: Array<Buffer> = []
  request.on("data", (chunk: Buffer) => chunks.push(chunk))
  request.on("end", () => {
    try {
      response.end(JSON.stringify(control(request.url ?? "/", Buffer.concat(chunks).toString()) ?? null))
    } catch (cause) {
      response.writeHead(400).end(String(cause))
    }
  })
})
server.listen(0, "127.0.0.1")
await once(server, "listening")
const address = server.address()
if (address === null || typeof address === "string") throw new Error("the control server has no TCP address")
process.on("SIGTERM", () => process.exit(0))
console.log(JSON.stringify({ url: fake.url, control: `http://127.0.0.1:${address.port}` }))
