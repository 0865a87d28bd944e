import { assert, describe, it } from "@effect/vitest"
import { type Facts, type Listing, pack, packed } from "../../src/domain/indexStamp.ts"
import { Inventory } from "../../src/domain/relocationInventory.ts"

const facts = (ino: bigint, over: Partial<Facts> = {}): Facts => ({
  ino,
  birthtimeNs: 4n,
  size: 10n,
  mtimeNs: -5n,
  ctimeNs: 6n,
  nlink: 1n,
  ...over
})
const filesOf = (files: ReadonlyArray<readonly [string, Facts]>): BigInt64Array => {
  const numbers = new BigInt64Array(files.length * packed)
  for (const [index, [, one]] of files.entries()) pack(numbers, index, one)
  return numbers
}
const listing = (path: string, ino: bigint, files: ReadonlyArray<readonly [string, Facts]>): Listing => ({
  path,
  facts: facts(ino),
  parent: 2n,
  names: files.map(([name]) => name),
  files: filesOf(files),
  directories: [],
  others: 0
})

describe("the inventory", () => {
  it("gives back what the scanner saw, to the nanosecond, inode numbers of 64 bits too", () => {
    const inventory = new Inventory()
    const large = 2n ** 64n - 3n
    inventory.listing(
      "pool",
      "fs",
      7n,
      listing("/pool/s", 9n, [
        ["a", facts(large)],
        ["b", facts(large - 1n)]
      ])
    )
    assert.strictEqual(inventory.inodes, 2)
    assert.deepStrictEqual(inventory.fence(0), {
      dev: 7n,
      ino: large,
      size: 10n,
      mtimeNs: -5n,
      ctimeNs: 6n,
      birthNs: 4n
    })
    assert.strictEqual(inventory.side(1), "pool")
    assert.strictEqual(inventory.inodeAt("fs", large), 0)
    assert.strictEqual(inventory.inodeAt("other", large), undefined)
  })

  it("counts an entry once: by the folder's inode and the name, whatever path led there", () => {
    const inventory = new Inventory()
    const twice = facts(1n, { nlink: 2n })
    inventory.listing(
      "stash",
      "fs",
      7n,
      listing("/stash/s", 9n, [
        ["a", twice],
        ["b", twice]
      ])
    )
    inventory.listing(
      "stash",
      "fs",
      7n,
      listing("/stash/alias", 9n, [
        ["a", twice],
        ["b", twice]
      ])
    )
    assert.deepStrictEqual([inventory.inodes, inventory.entries, inventory.inside[0]], [1, 2, 2])
    assert.deepStrictEqual(inventory.names(0), ["/stash/s/a", "/stash/s/b"])
    assert.strictEqual(inventory.entryIn(inventory.folderAt("/stash/alias"), "b"), 1)
    assert.strictEqual(inventory.raced.size, 0)
    inventory.listing("stash", "fs", 7n, listing("/stash/alias", 9n, [["a", facts(5n)]]))
    assert.deepStrictEqual([...inventory.raced].toSorted(), [0, 1], "another file has taken its name meanwhile")
  })

  it("takes an inode number that was given again meanwhile for a race", () => {
    for (const over of [{ birthtimeNs: 5n }, { ctimeNs: 7n }, { mtimeNs: 0n }, { size: 11n }, { nlink: 3n }]) {
      const inventory = new Inventory()
      inventory.listing(
        "stash",
        "fs",
        7n,
        listing("/stash/s", 9n, [
          ["a", facts(1n)],
          ["b", facts(1n, over)]
        ])
      )
      assert.isTrue(inventory.raced.has(0), JSON.stringify(Object.keys(over)))
    }
  })

  it("grows, and finds all of it again", () => {
    const inventory = new Inventory()
    const number = 5000
    const files = Array.from({ length: number }, (_, index) => [`f${index}`, facts(BigInt(index + 10))] as const)
    inventory.listing("stash", "fs", 7n, listing("/stash/s", 9n, files))
    for (let index = 0; index < number; index++)
      inventory.know(index, `sha256:${index % 100}`, index % 2 ? "suspect" : "stable")
    const folder = inventory.folderAt("/stash/s")
    for (const [index, [name, { ino }]] of files.entries()) {
      const entry = inventory.entryIn(folder, name)
      assert.strictEqual(inventory.inodeOf[entry], index)
      assert.strictEqual(inventory.fence(index).ino, ino)
      assert.deepStrictEqual([inventory.links[index], inventory.inside[index], inventory.size[index]], [1, 1, 10])
      assert.strictEqual(inventory.contents[inventory.content[index] ?? -1], `sha256:${index % 100}`)
      assert.strictEqual(inventory.isSuspect(index), index % 2 === 1)
    }
    assert.strictEqual(inventory.contents.length, 100)
  })

  it("knows a copy elsewhere by its names, and what stands in the way of a path", () => {
    const inventory = new Inventory()
    const fence = { dev: 7n, ino: 3n, size: 10n, mtimeNs: 5n, ctimeNs: 6n }
    const inode = inventory.copy("stash", "fs", "/stash/movies/a", fence, 2)
    assert.strictEqual(inventory.copy("stash", "fs", "/stash/movies/b", fence, 2), inode)
    assert.deepStrictEqual(inventory.outside(inode), ["/stash/movies/a", "/stash/movies/b"])
    assert.deepStrictEqual([inventory.inside[inode], inventory.anyName(inode)], [0, "/stash/movies/a"])
    assert.deepStrictEqual(inventory.fence(inode), fence)
    assert.strictEqual(inventory.obstacleAt("/stash/s/x"), undefined)
    inventory.obstacle("/stash/s", "a symlink")
    assert.deepStrictEqual(inventory.obstacleAt("/stash/s/x/y"), { path: "/stash/s", what: "a symlink" })
    assert.strictEqual(inventory.obstacleAt("/stash/sx"), undefined)
  })
})
