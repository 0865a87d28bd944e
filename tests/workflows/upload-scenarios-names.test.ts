import { assert, describe, it } from "@effect/vitest"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { standardName } from "../../src/domain/remoteName.ts"
import { fromBytes, toBytes } from "../../src/platform/BytePath.ts"
import { seeding } from "../fakes/memory-torrents.ts"
import { B2World, checkFolder, known, outcomes, reasons, tree } from "./upload-rig.ts"
import { World } from "./world.ts"

const nfc = "caf\u00e9.mkv"
const nfd = "cafe\u0301.mkv"
const invalid = fromBytes(Buffer.from([0x61, 0xff, 0xfe, 0x62]))
const oddNames = [
  "plain.mkv",
  nfc,
  nfd,
  "Case.mkv",
  "case.mkv",
  "new\nline",
  "tab\tand\rreturn",
  "del\x7f",
  "back\\slash",
  "both \"'`$(quotes)",
  "-leading",
  "--flag=x",
  " leading blank",
  "trailing blank ",
  "trailing dot.",
  "~tilde",
  "per%2Fcent",
  "picture \u2424 \u240a \u2421",
  "full \uff0f \uff3c \u201b",
  "CON",
  "a:b*c?d<e>f|g",
  "emoji \ud83c\udfac",
  invalid,
  "x".repeat(255),
  "x".repeat(250),
  "é".repeat(127),
  "é".repeat(125)
]

const write = (world: World, path: string, content: string) => {
  const target = join(world.completed, path)
  mkdirSync(toBytes(dirname(target)), { recursive: true })
  writeFileSync(toBytes(target), content)
}

describe("3 and 21: names are bytes", () => {
  for (const where of ["folder", "B2"] as const) {
    it(`scenario 21: newline, DEL, backslash, invalid UTF-8, quotes, 255 bytes: each file arrives under its own name (${where})`, async () => {
      await using b2 = where === "B2" ? await B2World.start() : undefined
      using folder = b2 === undefined ? new World() : undefined
      const world = b2 ?? folder
      assert.isDefined(world)
      // B2 takes 250 bytes between two slashes.
      const odd = oddNames.filter((name) => where === "folder" || toBytes(standardName(name)).length <= 250)
      for (const name of odd) write(world, `Show/${name}`, name)
      world.torrent("Show")
      const report = await world.upload()
      assert.deepStrictEqual(outcomes(report), { Show: "uploaded" }, reasons(report))
      const [item] = await known(world)
      assert.strictEqual(item?.files.length, odd.length)
      if (b2 !== undefined) await b2.checkSettled(1)
      else {
        await checkFolder(world)
        const stored = tree(join(world.remoteDir, "downloads/Show"))
        for (const name of odd.filter((one) => !standardName(one).includes("%"))) assert.include(stored, name)
        assert.strictEqual(tree(join(world.remoteDir, "downloads/Show")).length, odd.length)
        assert.strictEqual((await world.upload()).unchanged, 1)
      }
    })

    it(`scenario 3: NFC and NFD twins are two files there too (${where})`, async () => {
      await using b2 = where === "B2" ? await B2World.start() : undefined
      using folder = b2 === undefined ? new World() : undefined
      const world = b2 ?? folder
      assert.isDefined(world)
      for (const name of [nfc, nfd]) {
        write(world, name, name)
        world.torrent(name)
      }
      write(world, `Show/${nfc}`, "composed")
      write(world, `Show/${nfd}`, "decomposed")
      world.torrent("Show")
      const report = await world.upload()
      assert.deepStrictEqual(
        outcomes(report),
        { [nfc]: "uploaded", [nfd]: "uploaded", Show: "uploaded" },
        reasons(report)
      )
      if (b2 === undefined) {
        assert.strictEqual(readFileSync(join(world.remoteDir, "downloads/Show", nfd), "utf8"), "decomposed")
        assert.strictEqual(readFileSync(join(world.remoteDir, "downloads/Show", nfc), "utf8"), "composed")
      } else {
        assert.deepStrictEqual(
          b2.names(),
          ["Show/" + nfd, "Show/" + nfc, nfd, nfc].map((name) => `downloads/${name}`)
        )
        await b2.checkSettled(3)
      }
    })
  }

  it("scenario 21: items with such names carry a sign of their own, or none where no name has room for it", async () => {
    using world = new World()
    const names = ["new\nline", "-dash", 'quo"te', "x".repeat(250), `${"x".repeat(249)}y`, invalid]
    for (const name of names) {
      write(world, name, name)
      world.torrents.add(
        seeding(Buffer.from(name).toString("hex").padStart(40, "0").slice(-40), join(world.completed, name))
      )
    }
    const report = await world.upload()
    assert.isTrue(
      report.items.every((item) => item.outcome === "uploaded"),
      reasons(report)
    )
    assert.strictEqual(report.items.length, names.length)
    assert.strictEqual(world.markers().length, names.length)
    await checkFolder(world)
    assert.strictEqual((await world.upload()).unchanged, names.length)
  })

  it("scenario 21: a name over 1024 bytes is refused by name, once; its neighbours go", async () => {
    await using host = await B2World.start()
    const deep = Array.from({ length: 6 }, (_, index) => String(index).repeat(200)).join("/")
    write(host, `Deep/${deep}/film.mkv`, "film")
    host.file("fine.txt")
    host.torrent("Deep")
    host.torrent("fine.txt")
    const report = await host.upload()
    assert.deepStrictEqual(outcomes(report), { Deep: "blocked", "fine.txt": "uploaded" }, reasons(report))
    assert.match(reasons(report), /400|Trying again cannot help/)
    assert.deepStrictEqual(host.markers(), ["fine.txt.uploaded"])
    host.b2.ledger.reset()
    const again = await host.upload()
    assert.deepStrictEqual(outcomes(again), { Deep: "blocked" })
    assert.strictEqual(host.b2.ledger.billed(), 0, "nothing is asked again that cannot change")
    await host.checkProven()
  })

  it("scenario 21: names that become one name on the remote are told apart by a person, neither is overwritten", async () => {
    using world = new World()
    write(world, "Show/a\u2401", "one")
    write(world, "Show/a%E2%90%81", "two")
    world.torrent("Show")
    world.file("fine.txt")
    world.torrent("fine.txt")
    const report = await world.upload()
    assert.deepStrictEqual(outcomes(report), { Show: "blocked", "fine.txt": "uploaded" })
    assert.match(reasons(report), /same name on the remote/)
    assert.deepStrictEqual(tree(world.remoteDir), ["downloads/fine.txt"])
  })
})
