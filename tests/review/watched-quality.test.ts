import { assert, describe, it } from "@effect/vitest"
import { Home, keyOf, unmet } from "../domain/watched-rig.ts"

const home = (item: null | undefined) => {
  const one = new Home()
  const lesser = one.movie("Dune")
  one.movie("Dune", { arr: "radarr4k", resolution: 2160, ...(item === null ? { item } : {}) })
  return one.one(keyOf(lesser), { keepBestQuality: true })
}

describe("the lesser copy of a title", () => {
  it("stays where the better one is only in its arr's list: its disk may be gone", () => {
    assert.isTrue(home(undefined).eligible)
    assert.isFalse(home(null).eligible)
    assert.include(unmet(home(null)), "better copy")
  })
})
