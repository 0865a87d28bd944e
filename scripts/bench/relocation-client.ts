import { readFileSync } from "node:fs"
import { createServer } from "node:http"

/*
 * As much of qBittorrent's Web API as a plan reads, for very many torrents: `node relocation-client.ts FILE`. Every
 * answer is made beforehand, so that what is measured is who asks. Prints its address; ends with SIGTERM.
 */

interface Given {
  readonly hash: string
  readonly name: string
  readonly savePath: string
  readonly files: ReadonlyArray<readonly [name: string, size: number]>
}

const [file = ""] = process.argv.slice(2)
const torrents: ReadonlyArray<Given> = JSON.parse(readFileSync(file, "utf8"))

const rows = torrents.map(({ files, hash, name, savePath }) => ({
  hash,
  name,
  save_path: savePath,
  content_path: `${savePath}/${name}`,
  download_path: "",
  state: "stalledUP",
  progress: 1,
  amount_left: 0,
  size: files.reduce((sum, [, size]) => sum + size, 0),
  total_size: files.reduce((sum, [, size]) => sum + size, 0),
  category: "tv",
  tags: "~noHL",
  auto_tmm: false,
  added_on: 1_700_000_000,
  completion_on: 1_700_000_600,
  ratio: 1,
  seeding_time: 1000,
  tracker: "https://tracker.example:443/announce",
  infohash_v1: hash,
  infohash_v2: ""
}))
const list = JSON.stringify(rows)
const filesOf = new Map(
  torrents.map(({ files, hash, name }) => [
    hash,
    JSON.stringify(
      files.map(([path, size], index) => ({
        index,
        name: `${name}/${path}`,
        size,
        progress: 1,
        priority: 1,
        availability: 1,
        is_seed: true,
        piece_range: [index, index]
      }))
    )
  ])
)

const answer = (url: URL): string | undefined => {
  switch (url.pathname.slice("/api/v2/".length)) {
    case "app/version":
      return "v5.1.4"
    case "app/preferences":
      return JSON.stringify({ refresh_interval: 1500 })
    case "torrents/info":
      return list
    case "torrents/files":
      return filesOf.get(url.searchParams.get("hash") ?? "")
    case "torrents/categories":
      return "{}"
    default:
      return undefined
  }
}

const server = createServer((request, response) => {
  const body = answer(new URL(request.url ?? "/", "http://client"))
  response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" }).end(body ?? "Not Found")
})
server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object") console.log(`http://127.0.0.1:${address?.port}`)
})
process.on("SIGTERM", () => process.exit(0))
