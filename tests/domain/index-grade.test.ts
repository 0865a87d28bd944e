import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { type Grade, gradeOf, isRacy, racyWindow, worse } from "../../src/domain/indexGrade.ts"
import { strangeness } from "../../src/domain/indexRoots.ts"

const now = 1_763_700_000_000
const ns = (milliseconds: number) => BigInt(milliseconds) * 1_000_000n
const old = { mtimeNs: ns(now - 60_000), ctimeNs: ns(now - 60_000) }
const grades: ReadonlyArray<Grade> = ["stable", "suspect", "none"]
const Offset = Schema.Int.check(Schema.isBetween({ minimum: -10_000, maximum: 10_000 }))

describe("what a content id is good for", () => {
  it("stable only as long as ctime stands still", () => {
    assert.strictEqual(gradeOf(old, { ctimeNs: old.ctimeNs, at: now }), "stable")
    assert.strictEqual(gradeOf(old, { ctimeNs: old.ctimeNs - 1n, at: now }), "suspect", "one nanosecond is enough")
    assert.strictEqual(gradeOf(old, undefined), "none")
  })

  it("a file that was young when it was read is no more than suspect, also by an mtime of its own", () => {
    for (const young of [
      { ...old, ctimeNs: ns(now - racyWindow) },
      { ...old, mtimeNs: ns(now) },
      { ...old, mtimeNs: ns(now + 1) }
    ]) {
      assert.strictEqual(gradeOf(young, { ctimeNs: young.ctimeNs, at: now }), "suspect")
    }
    const justOld = { ...old, ctimeNs: ns(now - racyWindow - 1) }
    assert.strictEqual(gradeOf(justOld, { ctimeNs: justOld.ctimeNs, at: now }), "stable")
  })

  it.prop("racy is a matter of the distance alone", [Offset, Offset], ([mtime, ctime]) => {
    const times = { mtimeNs: ns(now + mtime), ctimeNs: ns(now + ctime) }
    assert.strictEqual(isRacy(times, now), Math.abs(mtime) <= racyWindow || Math.abs(ctime) <= racyWindow)
  })

  it("the lesser of two is never better than either", () => {
    for (const one of grades) {
      for (const other of grades) {
        const least = Math.max(grades.indexOf(one), grades.indexOf(other))
        assert.strictEqual(worse(one, other), grades[least])
      }
    }
  })
})

describe("a root is what it was", () => {
  it("unless its filesystem is another, or thousands of files are gone from it at once", () => {
    const before = { fsid: "zfs:1", files: 1000 }
    assert.isUndefined(strangeness(undefined, { fsid: "zfs:1", empty: true }))
    assert.isUndefined(strangeness(before, { fsid: "zfs:1", empty: false }))
    assert.isUndefined(strangeness({ ...before, files: 999 }, { fsid: "zfs:1", empty: true }))
    assert.isUndefined(strangeness({ ...before, files: 0 }, { fsid: "ext4:2", empty: false }), "nothing is at stake")
    assert.match(strangeness(before, { fsid: "ext4:2", empty: false }) ?? "", /zfs:1 and is on ext4:2 now/)
    assert.match(strangeness({ ...before, files: 1 }, { fsid: "ext4:2", empty: true }) ?? "", /ext4:2/)
    assert.match(strangeness(before, { fsid: "zfs:1", empty: true }) ?? "", /empty and held 1000 files/)
  })
})
