import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { SeasonSpec } from "../fakes/media/specs.ts"
import { day, isThere, reasons, withRig } from "./watched-http-rig.ts"

describe("watched over HTTP, as documented", { timeout: 60_000 }, () => {
  it.live("scenarios 21 to 25: what is protected stays, and says why", () =>
    withRig(
      { users: ["admin", "anna"], tags: ["keep"] },
      Effect.fnUntraced(function* (rig) {
        const { world, began } = rig
        const watchedBy = { admin: began - 10 * day }
        rig.others(12)
        const going = rig.film("Going")
        const on = rig.film("On")
        world.play(on.item, "anna")
        const asked = rig.film("Asked for")
        world.request(asked, "anna")
        const again = rig.film("Again")
        world.replace(again, began - day)
        rig.show("Loved", 1, [1], { favouriteOf: ["anna"] })
        rig.show("Running", 1, [1], { status: "continuing" })
        const season = (spec: SeasonSpec) => ({ status: "ended" as const, seasons: { 1: { watchedBy, ...spec } } })
        world.series({ title: "Half", ...season({ episodes: [{ episode: 1 }, { episode: 2, watchedBy: {} }] }) })
        world.series({ title: "Nameless", ...season({ episodes: 2, jellyfinIndex: null }) })
        world.series({ title: "Gap", ...season({ episodes: [{ episode: 1 }, { episode: 2, file: null }] }) })
        world.series({
          title: "Double",
          ...season({ episodes: [{ episode: 1, last: 2, watchedBy: {} }, { episode: 3 }] })
        })
        world.movie({ title: "Kept", watchedBy, tags: ["KEEP"] })
        world.movie({ title: "Queued", watchedBy, queued: true })
        world.movie({ title: "Not probed", watchedBy, runtime: null })
        world.movie({ title: "Undated", watchedBy: { admin: null } })
        world.movie({ title: "By another", watchedBy: { anna: began - 10 * day } })
        const said = reasons(yield* rig.retire())
        assert.isFalse(isThere(going.path))
        const expected: Readonly<Record<string, RegExp>> = {
          "On (2020)": /^playing now: by anna/,
          "Asked for (2020)": /^request: of anna/,
          "Again (2020)": /^same file/,
          "Loved, season 1": /^favourite: of anna/,
          "Running, season 1": /^latest season/,
          "Half, season 1": /^partly watched: 1 of 2/,
          "Gap, season 1": /^season complete: 1 missing/,
          "Double, season 1": /^partly watched/,
          "Kept (2020)": /^(?:keep tag)/,
          "Queued (2020)": /^download queue/,
          "Not probed (2020)": /^runtime: unknown/,
          "Undated (2020)": /^play date: missing/
        }
        for (const [title, why] of Object.entries(expected)) assert.match(said[title] ?? "(not told)", why, title)
        assert.isUndefined(said["By another (2020)"])
        // Loss story 3415: a season without its number took every episode along.
        const deletes = rig.changes().filter(({ route }) => route.startsWith("DELETE"))
        const nameless = said["Nameless, season 1"]
        assert.strictEqual(deletes.length, nameless === "" ? 2 : 1)
        const left = [...world.state.arrs.values()].flatMap((arr) => [...arr.movies.values()])
        assert.deepStrictEqual(
          left.filter(({ fileId }) => fileId === 0).map(({ title }) => title),
          ["Going"]
        )
      })
    )
  )
})
