import { assert, describe, it } from "@effect/vitest"
import { unescaped } from "../../src/domain/targets.ts"
import { display } from "../../src/platform/BytePath.ts"

const path = "/done/caf\udce9\n.mkv"

describe("a target copied from our output", () => {
  it("means the name that is shown so", () => {
    for (const shown of [display(path), "caf\\xe9\\n.mkv"])
      assert.strictEqual(unescaped(shown, ["/done/x", path]), path)
  })

  it("stays as it is where a name is really called so, where two look the same, and where none does", () => {
    const really = "/done/caf\\xe9\\n.mkv"
    assert.strictEqual(unescaped("caf\\xe9\\n.mkv", [path, really]), "caf\\xe9\\n.mkv")
    assert.strictEqual(unescaped("caf\\xe9\\n.mkv", [path, `/tv${path}`]), "caf\\xe9\\n.mkv")
    assert.strictEqual(unescaped("x\\y", [path]), "x\\y")
    assert.strictEqual(unescaped("caf", [path]), "caf")
  })
})
