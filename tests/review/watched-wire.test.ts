import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { Effect } from "effect"
import { adapters, fileWith, serving } from "../services/watchedRig.ts"
import { shownUrl } from "../../src/platform/HttpApi.ts"

describe("what the services write", () => {
  it("a date without an offset is UTC, whatever the zone of this host", () => {
    const module = join(import.meta.dirname, "../../src/platform/JsonRow.ts")
    const dates = [
      "2026-03-29T02:30:00",
      "2026-03-29T02:30:00.1234567",
      "2026-03-29T02:30:00Z",
      "2026-03-29T04:30:00+02:00"
    ]
    const script = `import { instant } from ${JSON.stringify(module)}
      console.log(JSON.stringify(${JSON.stringify(dates)}.map((at) => instant({ at }, "at"))))`
    const out = execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
      env: { ...process.env, TZ: "America/New_York" },
      encoding: "utf8"
    })
    const at = Date.UTC(2026, 2, 29, 2, 30)
    assert.deepStrictEqual(JSON.parse(out), [at, at + 123, at, at])
  })

  it("an address is shown without what is before its host, and after its path", () => {
    assert.strictEqual(shownUrl("http://me:p@ss@host:7878/radarr/?apikey=x#y"), "http://host:7878/radarr")
    assert.strictEqual(shownUrl("http://host/a@b"), "http://host/a@b")
  })

  it.live("a 404 of whatever else answers at an arr's address is not the absence of a title", () =>
    Effect.gen(function* () {
      const { url } = yield* serving((_, response) => {
        response.writeHead(404, { "content-type": "application/json" }).end('{"message":"NotFound"}')
      })
      const library = { url, apiKeyFile: yield* fileWith("key") }
      const { arr } = yield* adapters({ jellyfin: library, radarr: library, sonarr: library })
      assert.strictEqual((yield* Effect.flip(arr.movie({ arr: "radarr", id: 1 })))._tag, "ArrUnreadable")
      assert.strictEqual((yield* Effect.flip(arr.series({ arr: "sonarr", id: 1 })))._tag, "ArrUnreadable")
    }).pipe(Effect.scoped)
  )
})
