import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { UploadReport } from "../../src/domain/reports.ts"
import { bytes, noise } from "../fakes/archives/members.ts"
import { writeRar, zeroFill } from "../fakes/archives/rar.ts"
import { writeTar } from "../fakes/archives/tar.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { checkFolder, known, outcomes, reasons, tree } from "./upload-rig.ts"
import { World } from "./world.ts"

const ok = { name: "ok.txt", content: bytes("fine") }
const mebibyte = (name: string) => ({ name, content: noise(1 << 20, name) })

/** A folder of this name in `completed`, for archives to be written into. */
const folder = (world: World, name: string) => {
  const path = join(world.completed, name)
  mkdirSync(path, { recursive: true })
  return path
}

const itemOf = (report: UploadReport, name: string) => report.items.find((item) => item.path.endsWith(`/${name}`))

const extractedCopies = (world: World) => {
  const path = join(world.root, "extracted")
  return existsSync(path) ? readdirSync(path) : []
}

/** The archive cannot be opened: its original is uploaded and marked all the same, the reason is told, another item is not held up. */
const stillUploaded = async (world: World, name: string, reason: RegExp) => {
  const before = tree(join(world.completed, name))
  world.file("Neighbour/film.mkv", "film")
  world.torrent("Neighbour")
  world.torrent(name)
  const report = await world.upload()
  assert.deepStrictEqual(outcomes(report), { Neighbour: "uploaded", [name]: "uploaded" }, reasons(report))
  const item = itemOf(report, name)
  assert.match(item?.extractionFailure ?? "", reason)
  assert.strictEqual(item?.extracted, null)
  assert.deepStrictEqual(tree(join(world.remoteDir, "downloads", name)), before, "the originals and nothing else")
  for (const path of before) {
    const [here, there] = [join(world.completed, name), join(world.remoteDir, "downloads", name)]
    assert.isTrue(readFileSync(join(here, path)).equals(readFileSync(join(there, path))), path)
  }
  assert.deepStrictEqual(world.markers(), ["Neighbour.uploaded", `${name}.uploaded`].toSorted())
  assert.deepStrictEqual(extractedCopies(world), [])
  assert.deepStrictEqual(tree(join(world.completed, name)), before)
  await checkFolder(world)
  return report
}

describe("archives that cannot be opened", () => {
  for (const [version, naming] of [
    [4, "old"],
    [5, "part"]
  ] as const) {
    it(`scenario 4: the last volume is missing at a file boundary (RAR ${version}): the rest is uploaded as it is`, async () => {
      using world = new World()
      const members = ["1", "2", "3"].map(mebibyte)
      const volumes = writeRar(folder(world, "Show"), "show", members, { version, naming })
      rmSync(volumes[2] ?? "")
      assert.isNull((await stillUploaded(world, "Show", /volumes are missing/)).stopped)
      const again = await world.upload()
      assert.deepStrictEqual([again.items.length, again.unchanged], [0, 2], "it is not tried again and again")
    })

    it(`scenario 5: a middle volume is full of zeros (RAR ${version})`, async () => {
      using world = new World()
      const film = { name: "film.mkv", content: noise(3_000_000, "film") }
      const volumes = writeRar(folder(world, "Show"), "show", [film], { version, naming })
      zeroFill(volumes[1] ?? "", 1 << 20)
      assert.isNull((await stillUploaded(world, "Show", /it is damaged/)).stopped)
    })
  }

  it("scenario 6: an extractor that fails leaving a plausible partial file: none of it is uploaded", async () => {
    using world = new World()
    const [zip = ""] = writeZip(join(folder(world, "Show"), "x.zip"), [
      ok,
      { name: "film.mkv", content: noise(900_000) }
    ])
    writeFileSync(zip, readFileSync(zip).fill(0, 400_000, 500_000))
    assert.isNull((await stillUploaded(world, "Show", /it is damaged/)).stopped)
  })

  it("scenario 7: a lying header: ten bytes that would be 100 MiB", async () => {
    using world = new World()
    const lie = { name: "film.mkv", content: { size: 100 << 20, read: (_: number, to: Buffer) => void to.fill(0) } }
    writeZip(join(folder(world, "Show"), "x.zip"), [{ ...lie, declaredSize: 10, deflate: true }])
    assert.isNull((await stillUploaded(world, "Show", /damaged|allowed/)).stopped)
  })

  it("scenario 7: a bomb of 300 GiB by its own word is not even begun", async () => {
    using world = new World()
    const entry = { name: "film.mkv", content: bytes("x".repeat(1000)), deflate: true, declaredSize: 4_000_000_000 }
    const entries = Array.from({ length: 80 }, (_, index) => ({ ...entry, name: `film-${index}.mkv` }))
    writeZip(join(folder(world, "Show"), "x.zip"), entries)
    assert.isNull((await stillUploaded(world, "Show", /allowed|free/)).stopped)
  })

  it("scenario 8: too little room: the original goes, and once there is room the archive is opened after all", async () => {
    using world = new World({ extract: { reserveBytes: Number.MAX_SAFE_INTEGER } })
    writeZip(join(folder(world, "Show"), "x.zip"), [{ name: "film.mkv", content: noise(900_000) }])
    assert.isNull((await stillUploaded(world, "Show", /must stay free/)).stopped)
    const roomy = Object.assign(world.config.upload.extract, { reserveBytes: 0 })
    assert.strictEqual(roomy.reserveBytes, 0)
    const again = await world.upload()
    assert.deepStrictEqual(outcomes(again), { Show: "uploaded" })
    assert.strictEqual(again.items[0]?.extractionFailure, null)
    assert.isTrue(existsSync(join(world.remoteDir, "downloads/Show/film.mkv")))
    await checkFolder(world)
    assert.deepStrictEqual((await world.upload()).items, [])
  })

  it.skipIf(process.getuid?.() !== 0)("scenario 8: the disk of the extracted copy fills up in the middle", async () => {
    using world = new World()
    mkdirSync(join(world.root, "extracted"))
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", join(world.root, "extracted")])
    try {
      const zip = join(folder(world, "Show"), "x.zip")
      writeZip(zip, [ok, { name: "film.mkv", content: noise(7_000_000) }])
      writeFileSync(join(world.root, "extracted/hog"), Buffer.alloc(5_000_000))
      world.torrent("Show")
      const report = await world.upload()
      assert.deepStrictEqual(outcomes(report), { Show: "uploaded" }, reasons(report))
      assert.match(report.items[0]?.extractionFailure ?? "", /free|space/)
      assert.deepStrictEqual(extractedCopies(world), ["hog"])
      assert.deepStrictEqual(tree(world.remoteDir), ["downloads/Show/x.zip"])
      await checkFolder(world)
      rmSync(join(world.root, "extracted/hog"))
      const again = await world.upload()
      assert.strictEqual(again.items[0]?.extractionFailure, null)
      assert.isTrue(existsSync(join(world.remoteDir, "downloads/Show/film.mkv")))
    } finally {
      execFileSync("umount", [join(world.root, "extracted")])
    }
  })

  it("scenario 9: links, a FIFO, setuid and names that lead outside: only plain files come out, and they stay inside", async () => {
    using world = new World()
    const victim = join(world.root, "victim")
    mkdirSync(victim)
    writeFileSync(join(victim, "secret"), "somebody else's", { mode: 0o600 })
    writeTar(join(folder(world, "Show"), "x.tar"), [
      { ...ok, mode: 0o6777 },
      { name: "passwd", type: "symlink", target: "/etc/passwd" },
      { name: "hard", type: "hardlink", target: join(victim, "secret") },
      { name: "pipe", type: "fifo" },
      { name: "null", type: "characterDevice" },
      { name: "d", type: "symlink", target: victim },
      { name: "d/secret", content: bytes("overwritten") },
      { name: "../../../up.txt", content: bytes("up") },
      { name: join(victim, "abs.txt"), content: bytes("abs") }
    ])
    world.torrent("Show")
    const before = tree(world.root).filter((path) => !path.startsWith("state/"))
    const report = await world.upload()
    assert.deepStrictEqual(outcomes(report), { Show: "uploaded" }, reasons(report))
    const stored = tree(join(world.remoteDir, "downloads"))
    assert.include(stored, "Show/x.tar")
    for (const path of stored) {
      const content = readFileSync(join(world.remoteDir, "downloads", path), "utf8")
      assert.notInclude(content.slice(0, 4096).replace(/\0/g, "").slice(0, 20), "root:x:0:0", path)
      assert.isTrue(path.startsWith("Show/"), path)
      if (path !== "Show/x.tar") assert.notInclude(content, "somebody else's", path)
    }
    assert.deepStrictEqual(tree(victim), ["secret"])
    assert.strictEqual(readFileSync(join(victim, "secret"), "utf8"), "somebody else's")
    assert.deepStrictEqual(
      [statSync(join(victim, "secret")).mode & 0o7777, statSync(join(victim, "secret")).nlink],
      [0o600, 1]
    )
    const after = tree(world.root).filter((path) => !path.startsWith("state/") && !path.startsWith("remote/"))
    assert.deepStrictEqual(after, [...before, "completed/Show.uploaded"].toSorted(), "nothing was written elsewhere")
    await checkFolder(world)
  })

  it("scenario 10: encrypted without a password: the original is uploaded, and the queue goes on", async () => {
    using world = new World()
    const inside = folder(world, "Show")
    writeFileSync(join(world.root, "film.mkv"), "film")
    execFileSync("7zz", ["a", "-psecret", "-mhe=on", join(inside, "x.7z"), join(world.root, "film.mkv")], {
      stdio: "ignore"
    })
    assert.isNull((await stillUploaded(world, "Show", /encrypted/)).stopped)
    const again = await world.upload()
    assert.deepStrictEqual([again.items.length, again.unchanged], [0, 2])
    // Once the password is there, asking for it by name is enough.
    writeFileSync(join(world.root, "passwords"), "wrong\nsecret\n")
    Object.assign(world.config.upload.extract, { passwordsFile: join(world.root, "passwords") })
    const asked = await world.upload("Show")
    assert.deepStrictEqual(
      [itemOf(asked, "Show")?.extractionFailure, itemOf(asked, "Show")?.extracted?.files],
      [null, 1]
    )
    assert.strictEqual(readFileSync(join(world.remoteDir, "downloads/Show/film.mkv"), "utf8"), "film")
    await checkFolder(world)
  })
})

describe("20: members and originals that want one name", () => {
  it("scenario 20: a member named as an original goes into a folder of its own", async () => {
    using world = new World()
    const inside = folder(world, "Show")
    writeFileSync(join(inside, "film.mkv"), "the original")
    writeZip(join(inside, "extra.zip"), [{ name: "film.mkv", content: bytes("the member") }])
    world.torrent("Show")
    const report = await world.upload()
    assert.deepStrictEqual(outcomes(report), { Show: "uploaded" }, reasons(report))
    const at = (path: string) => readFileSync(join(world.remoteDir, "downloads/Show", path), "utf8")
    assert.deepStrictEqual([at("film.mkv"), at("extra/film.mkv")], ["the original", "the member"])
    await checkFolder(world)
  })

  it("scenario 20: a member that becomes an original's name only on the remote costs the member, not the original", async () => {
    using world = new World()
    const inside = folder(world, "Show")
    writeFileSync(join(inside, "a%E2%90%81"), "the original")
    writeTar(join(inside, "x.tar"), [{ name: "a\u2401", content: bytes("the member") }, ok])
    world.torrent("Show")
    const report = await world.upload()
    assert.deepStrictEqual(outcomes(report), { Show: "uploaded" }, reasons(report))
    assert.match(report.items[0]?.extractionFailure ?? "", /take the place of another file/)
    assert.deepStrictEqual(tree(join(world.remoteDir, "downloads/Show")), ["a%E2%90%81", "ok.txt", "x.tar"])
    assert.strictEqual(readFileSync(join(world.remoteDir, "downloads/Show/a%E2%90%81"), "utf8"), "the original")
    await checkFolder(world)
  })

  it("scenario 20: members of a single archive never go over another item's files, in one run or in two", async () => {
    for (const together of [true, false]) {
      using world = new World()
      world.file("Film/film.mkv", "the other item's")
      writeZip(join(world.completed, "Film.zip"), [{ name: "film.mkv", content: bytes("the member") }])
      world.torrent("Film")
      if (!together) await world.upload()
      world.torrent("Film.zip")
      const report = await world.upload()
      assert.strictEqual(itemOf(report, "Film.zip")?.outcome, "uploaded", reasons(report))
      assert.match(itemOf(report, "Film.zip")?.extractionFailure ?? "", /place of another|already holds other content/)
      assert.strictEqual(readFileSync(join(world.remoteDir, "downloads/Film/film.mkv"), "utf8"), "the other item's")
      await checkFolder(world)
      await world.upload()
      assert.strictEqual(readFileSync(join(world.remoteDir, "downloads/Film/film.mkv"), "utf8"), "the other item's")
    }
  })

  it("scenario 20: a new version of an archive replaces the members of the old one", async () => {
    using world = new World()
    const zip = join(folder(world, "Show"), "x.zip")
    writeZip(zip, [{ name: "film.mkv", content: bytes("the first cut") }])
    world.torrent("Show")
    await world.upload()
    writeZip(`${zip}.new`, [{ name: "film.mkv", content: bytes("the final cut") }])
    renameSync(`${zip}.new`, zip)
    const report = await world.upload()
    assert.strictEqual(report.items[0]?.extractionFailure, null)
    assert.strictEqual(readFileSync(join(world.remoteDir, "downloads/Show/film.mkv"), "utf8"), "the final cut")
    const [item] = await known(world)
    assert.deepStrictEqual(
      item?.files.map((file) => [file.origin, file.state]),
      [
        ["extracted", "verified"],
        ["original", "verified"]
      ]
    )
    await checkFolder(world)
  })
})
