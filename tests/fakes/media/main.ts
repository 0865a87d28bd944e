import { once } from "node:events"
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { join } from "node:path"
import { Schema } from "effect"
import { FailJson, MovieJson, SeriesJson, WatchJson, WorldJson } from "./json-specs.ts"
import { snapshot } from "./snapshot.ts"
import { startWorld } from "./world.ts"

/*
 * The fakes as a process of their own: `node main.ts [FILE]`. FILE holds a WorldJson. Prints one line, {"folder",
 * "control", "jellyfin": {"url", "apiKeyFile"}, …}, and ends with SIGTERM. In a world that is not populated, FOLDER/state.json
 * is a snapshot as of the last change. Below `control`: POST /fail, /heal, /movie, /series, /watch and /scan (JSON
 * bodies), GET /calls, /state and /violations.
 */

const decode = <S extends Schema.Codec<unknown, unknown>>(schema: S, text: string): S["Type"] =>
  Schema.decodeSync(Schema.fromJsonString(schema))(text)

const [file] = process.argv.slice(2)
const {
  movies = [],
  series = [],
  populate,
  ...options
} = decode(WorldJson, file === undefined ? "{}" : readFileSync(file, "utf8"))
const world = await startWorld(options)
if (populate !== undefined) world.populate(populate)
for (const spec of movies) world.movie(spec)
for (const spec of series) world.series(spec)

const stateFile = join(world.folder, "state.json")
const save = () => {
  if (world.state.keepsAnswers) return
  writeFileSync(`${stateFile}.new`, JSON.stringify(snapshot(world.state)))
  renameSync(`${stateFile}.new`, stateFile)
}
save()
world.state.changed = save

const control = (path: string, body: string): unknown => {
  switch (path) {
    case "/fail": {
      const { server, trouble, ...aim } = decode(FailJson, body)
      return world.servers.get(server)?.fail(trouble, aim)
    }
    case "/heal":
      return world.servers.forEach((server) => server.heal())
    case "/movie": {
      const { movie, item, path: at } = world.movie(decode(MovieJson, body))
      return { movie: movie?.id, item: item?.id, path: at }
    }
    case "/series": {
      const made = world.series(decode(SeriesJson, body))
      return { series: made.series?.id, item: made.item?.id, folder: made.folder }
    }
    case "/watch": {
      const { item, user, at } = decode(WatchJson, body)
      return world.watch(world.state.jellyfin.items.get(item) ?? null, user, at)
    }
    case "/scan":
      return world.scan()
    case "/calls":
      return [...world.servers].flatMap(([server, { calls }]) =>
        calls.map(({ route, path: called, body: sent, status }) => ({
          server,
          route,
          path: called,
          body: sent,
          status
        }))
      )
    case "/state":
      return snapshot(world.state)
    case "/violations":
      return world.violations()
    default:
      throw new Error(`there is no ${path}`)
  }
}

if (populate !== undefined) await world.warm()

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
process.on("SIGTERM", () => {
  if (options.folder === undefined) rmSync(world.folder, { recursive: true, force: true })
  process.exit(0)
})
console.log(JSON.stringify({ folder: world.folder, control: `http://127.0.0.1:${address.port}`, ...world.config() }))
