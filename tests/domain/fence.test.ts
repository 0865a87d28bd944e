import { assert, describe, it } from "@effect/vitest"
import { compare, type Fence, isSameInode, parse, print } from "../../src/domain/fence.ts"

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
    const born = { ...fence, birthNs: 1_600_000_000_000_000_001n }
    assert.deepStrictEqual(parse(print(born)), born)
  })

  it("an inode number that was given again is another inode; when it was born is no change of content", () => {
    const born = { ...fence, birthNs: 1n }
    assert.isTrue(isSameInode(born, { ...born, size: 1n, mtimeNs: 2n, ctimeNs: 3n }))
    assert.isFalse(isSameInode(born, { ...born, birthNs: 2n }))
    assert.isFalse(isSameInode(born, { ...born, ino: 1n }))
    assert.strictEqual(compare(fence, born), "same")
  })

  it("what is no fence is none", () => {
    for (const text of [
      "",
      "1:2:3:4",
      "1:2:3:4:5:",
      "1:2:3:4:5:6:7",
      "-1:2:3:4:5",
      "1:2:3:4:5\n",
      "a:2:3:4:5",
      " 1:2:3:4:5"
    ]) {
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
