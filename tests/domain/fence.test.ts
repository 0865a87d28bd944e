import { assert, describe, it } from "@effect/vitest"
import { compare, type Fence, parse, print } from "../../src/domain/fence.ts"

const fence: Fence = {
  dev: 2n ** 63n,
  ino: 2n ** 64n - 1n,
  size: 60_000_000_000n,
  mtimeNs: -1n,
  ctimeNs: 1_700_000_000_123_456_789n
}

describe("fence", () => {
  it("is written and read back exactly, to the nanosecond and before 1970", () => {
    assert.deepStrictEqual(parse(print(fence)), fence)
  })

  it("what is no fence is none", () => {
    for (const text of ["", "1:2:3:4", "1:2:3:4:5:6", "-1:2:3:4:5", "1:2:3:4:5\n", "a:2:3:4:5", " 1:2:3:4:5"]) {
      assert.isUndefined(parse(text), JSON.stringify(text))
    }
  })

  it("another file or other content is changed; only a ctime is relinked; the smallest difference counts", () => {
    assert.strictEqual(compare(fence, { ...fence }), "same")
    for (const key of ["ino", "size", "mtimeNs"] as const) {
      assert.strictEqual(compare(fence, { ...fence, [key]: fence[key] + 1n }), "changed", key)
      assert.strictEqual(compare({ ...fence, [key]: fence[key] + 1n, ctimeNs: 0n }, fence), "changed", key)
    }
    assert.strictEqual(compare(fence, { ...fence, ctimeNs: fence.ctimeNs + 1n }), "relinked")
    assert.strictEqual(compare(fence, { ...fence, dev: 7n }), "same", "ZFS and btrfs number devices anew at each boot")
    assert.strictEqual(compare(fence, { ...fence, ctimeNs: fence.ctimeNs - 1n }), "relinked", "a clock may go back")
  })
})
