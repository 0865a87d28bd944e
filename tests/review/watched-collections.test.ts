import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { need, worldWith } from "../services/watchedRig.ts"

describe("a favourite collection", () => {
  it.live("marks what is in it, for its viewer alone", () =>
    Effect.gen(function* () {
      const { media, world } = yield* worldWith({ users: ["admin", "bea"] })
      const film = need(world.movie({ title: "First" }).item)
      world.movie({ title: "Second" })
      const show = need(world.series({ title: "Show", tvdb: 22, seasons: { 1: 2 } }).item)
      yield* media.showLeaving("Trilogy", [film.id, show.id])
      const set = need([...world.state.jellyfin.items.values()].find(({ name }) => name === "Trilogy"))
      const [admin, bea] = yield* media.viewers
      assert.deepStrictEqual(yield* media.favourites(need(bea)), [])
      world.set(set, "bea", { favourite: true })
      assert.deepStrictEqual(yield* media.favourites(need(admin)), [])
      const marked = yield* media.favourites(need(bea))
      assert.includeMembers([...marked], [film.id, show.id])
      world.set(film, "bea", { favourite: true })
      assert.lengthOf(yield* media.favourites(need(bea)), marked.length)
    }).pipe(Effect.scoped)
  )
})
