import { assert, describe, it } from "@effect/vitest"
import { insideOf, mountsBelow, parseMountinfo, seenThrough } from "../../src/platform/Filesystem/mountinfo.ts"

const table = Buffer.concat([
  Buffer.from(`22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
40 27 0:44 / /stash ro,noatime shared:9 - zfs stash rw,xattr
41 27 0:44 /media /data\\040with\\011all\\134of\\012it rw - zfs stash rw
43 27 0:31 /@home /home rw - btrfs /dev/sda1 rw,subvolid=257,subvol=/@home
`),
  Buffer.from([0x34, 0x34]),
  Buffer.from(" 40 0:45 / /stash/"),
  Buffer.from([0xff]),
  Buffer.from(" rw - fuse.sshfs host:/x\\040y rw\nbroken line\n")
])
const mounts = parseMountinfo(table)
const byId = (id: number) => mounts.find((one) => one.id === id) ?? assert.fail(`no mount ${id}`)

describe("mountinfo", () => {
  it("names are bytes, and optional fields are passed over", () => {
    assert.deepStrictEqual(
      mounts.map(({ point, readOnly, type }) => [point, type, readOnly]),
      [
        ["/proc", "proc", false],
        ["/", "ext4", false],
        ["/stash", "zfs", true],
        ["/data with\tall\\of\nit", "zfs", false],
        ["/home", "btrfs", false],
        ["/stash/\udcff", "fuse.sshfs", false]
      ]
    )
    assert.deepInclude(byId(43), { device: "0:31", root: "/@home", source: "/dev/sda1", parent: 27 })
    assert.strictEqual(byId(44).source, "host:/x y")
  })

  it("bind aliases of one place lie at the same place inside", () => {
    assert.strictEqual(insideOf(byId(40), "/stash/media/film"), "/media/film")
    assert.strictEqual(insideOf(byId(41), "/data with\tall\\of\nit/film"), "/media/film")
    assert.strictEqual(insideOf(byId(40), "/stash"), "/")
    assert.strictEqual(insideOf(byId(43), "/home"), "/@home")
    assert.strictEqual(insideOf(byId(27), "/etc/fstab"), "/etc/fstab")
    assert.strictEqual(insideOf(byId(27), "/"), "/")
  })

  it("a mount shows what lies below its root, and undoes insideOf", () => {
    assert.strictEqual(seenThrough(byId(41), "/media/film"), "/data with\tall\\of\nit/film")
    assert.isUndefined(seenThrough(byId(41), "/media2/film"))
    assert.isUndefined(seenThrough(byId(41), "/"))
    for (const [id, path] of [
      [27, "/etc/fstab"],
      [27, "/"],
      [40, "/stash"],
      [43, "/home/me"]
    ] as const) {
      assert.strictEqual(seenThrough(byId(id), insideOf(byId(id), path)), path)
    }
  })

  it("what is mounted below a directory, not at it", () => {
    const points = (directory: string) => mountsBelow(mounts, directory).map(({ id }) => id)
    assert.deepStrictEqual(points("/stash"), [44])
    assert.deepStrictEqual(points("/st"), [])
    assert.strictEqual(points("/").length, 5)
  })
})
