import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { assert, it } from "@effect/vitest"
import { at, rows } from "./media/client.ts"

it("the fakes run as a program, are steered over HTTP, and leave their state in the folder", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "media-main-"))
  const folder = join(scratch, "world")
  const file = join(scratch, "world.json")
  const series = {
    title: "Show",
    tvdb: 5,
    seasons: { 1: { episodes: [{ episode: 1, last: 2 }], watchedBy: { admin: 1 } } }
  }
  writeFileSync(file, JSON.stringify({ folder, movies: [{ title: "Film", tmdb: 7 }], series: [series] }))
  const main = join(import.meta.dirname, "media/main.ts")
  const child = spawn(process.execPath, [main, file], { stdio: ["ignore", "pipe", "inherit"] })
  try {
    const [line]: Array<unknown> = await once(createInterface({ input: child.stdout }), "line")
    const said: unknown = JSON.parse(String(line))
    const control = async (path: string, body?: unknown): Promise<unknown> => {
      const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }
      const response = await fetch(`${String(at(said, "control"))}${path}`, init)
      assert.strictEqual(response.status, 200, await response.clone().text())
      return response.json()
    }
    const key = readFileSync(String(at(said, "radarr", "apiKeyFile")), "utf8").trim()
    const ask = (path: string, method = "GET") =>
      fetch(`${String(at(said, "radarr", "url"))}/api/v3/${path}`, { method, headers: { "x-api-key": key } })
    await control("/fail", { server: "radarr", trouble: { kind: "status", status: 503 }, route: "GET /api/v3/movie" })
    assert.strictEqual((await ask("movie")).status, 503)
    const movies: unknown = await (await ask("movie")).json()
    const path = String(at(movies, 0, "movieFile", "path"))
    assert.isTrue(existsSync(path))
    assert.strictEqual((await ask(`moviefile/${String(at(movies, 0, "movieFileId"))}`, "DELETE")).status, 200)
    const state: unknown = JSON.parse(readFileSync(join(folder, "state.json"), "utf8"))
    assert.strictEqual(at(state, "arrs", 0, "movies", 0, "fileId"), 0)
    assert.deepStrictEqual(at(await control("/state"), "arrs", 0, "files"), [])
    assert.strictEqual(at(await control("/state"), "arrs", 1, "files", 0, "onDisk"), true)
    await control("/movie", { title: "Another" })
    assert.strictEqual(rows(await (await ask("movie")).json()).length, 2)
    assert.deepStrictEqual(await control("/violations"), [])
    const calls = rows(await control("/calls"))
    assert.deepStrictEqual(
      calls.map((one) => at(one, "route")),
      ["GET /api/v3/movie", "GET /api/v3/movie", "DELETE /api/v3/moviefile/{id}", "GET /api/v3/movie"]
    )
    child.kill("SIGTERM")
    assert.deepStrictEqual(await once(child, "exit"), [0, null])
  } finally {
    child.kill("SIGKILL")
    rmSync(scratch, { recursive: true, force: true })
  }
})
