import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, mkdirSync, readFileSync } from "node:fs"
import { noise } from "../fakes/archives/members.ts"
import { writeRar } from "../fakes/archives/rar.ts"
import { writeZip } from "../fakes/archives/zip.ts"
import { createTorrent } from "../real/torrent.ts"
import { seedTo } from "../real/transfer.ts"
import { files, plant } from "../real/worker-disk.ts"
import { bootMillis, inNixShell } from "./available.ts"
import { bootPipeline, type Pipeline, starts, tickets } from "./pipeline.ts"
import { places } from "./rig.ts"

const show = "The Show S01 (2026)"
const film = 'Film: it\'s "quoted" — ü.mkv'
const bonus = "-bonus disc"

const payloads = (folder: string) => {
  mkdirSync(`${folder}/${show}/E01`, { recursive: true })
  mkdirSync(`${folder}/${show}/E02`, { recursive: true })
  const episode = (name: string) => ({ name: `The Show ${name}.mkv`, content: noise(900_000, name) })
  const volumes = { version: 5, naming: "part", volumeData: 300_000 } as const
  writeRar(`${folder}/${show}/E01`, "the.show.e01", [episode("E01")], volumes)
  // Of which 7-Zip knows nothing: unar has to.
  writeRar(`${folder}/${show}/E02`, "the.show.e02", [episode("E02")], { version: 4, naming: "single", compress: true })
  plant(folder, { [film]: 6_000_000, [`${bonus}/read me.txt`]: 1_000 })
  writeZip(`${folder}/${bonus}/making of.zip`, [{ name: "making of.mkv", content: noise(500_000), utf8: true }])
}

describe.skipIf(inNixShell)("the units in a real systemd, from the download to the freed disk", () => {
  let pipeline: Pipeline
  const hashes: Record<string, string> = {}
  const at = (...parts: ReadonlyArray<string>) => pipeline.machine.path([places.completed, ...parts].join("/"))
  const upload = "media-pipeline-upload.service"

  beforeAll(async () => {
    pipeline = await bootPipeline()
  }, bootMillis)
  afterAll(() => pipeline?.close())

  it("nothing is failed after the boot, and what has to wait for something is started by a timer or a path", async () => {
    const { machine } = pipeline
    assert.strictEqual(await machine.ok("systemctl list-units --failed --plain --no-legend"), "")
    for (const unit of ["media-pipeline-upload.path", "media-pipeline-upload.timer", "media-pipeline-cleanup.timer"]) {
      assert.include(await machine.show(unit, "ActiveState", "SubState"), {
        ActiveState: "active",
        SubState: "waiting"
      })
    }
    assert.strictEqual(await starts(machine, upload), 0)
  })

  it("the requirement's names are those of the units", async () => {
    const { machine } = pipeline
    for (const [alias, unit] of [
      ["qbt-upload-b2.service", upload],
      ["qbt-upload-b2.path", "media-pipeline-upload.path"],
      ["qbt-cleanup.service", "media-pipeline-cleanup.service"],
      ["qbt-cleanup.timer", "media-pipeline-cleanup.timer"]
    ] as const) {
      assert.deepStrictEqual(await machine.show(alias, "Id", "LoadState"), { Id: unit, LoadState: "loaded" })
    }
  })

  it("the categories converge after qBittorrent has started", async () => {
    const { machine } = pipeline
    await machine.ok("systemctl start media-pipeline-categories.service")
    const client = await pipeline.client()
    const { text } = await Effect.runPromise(client.api.get("torrents/categories"))
    assert.containsAllKeys(JSON.parse(text), ["tv-sonarr"])
  })

  it("what completes is extracted, uploaded, proven and marked, started by the ticket of qBittorrent's hook", async () => {
    const { b2, machine } = pipeline
    const source = machine.path(places.seeder)
    payloads(source)
    const [seeder, client] = [await pipeline.seeder(), await pipeline.client()]
    await Promise.all(
      [show, film, bonus].map(async (name) => {
        const torrent = createTorrent({ source: `${source}/${name}` })
        hashes[name] = torrent.infohash
        const add = name === show ? { category: "tv-sonarr" } : {}
        await Effect.runPromise(seedTo({ seeder, downloader: client, torrent, seederSavePath: places.seeder, add }))
      })
    )
    await machine.waitFor("the markers", async () =>
      [show, film, bonus].every((name) => existsSync(at(`${name}.uploaded`)))
    )
    await machine.waitFor(
      "the end of the run",
      async () => (await machine.show(upload, "ActiveState"))["ActiveState"] === "inactive"
    )

    assert.include(await machine.show(upload, "Result", "ExecMainStatus"), { Result: "success", ExecMainStatus: "0" })
    assert.isAtLeast(await starts(machine, upload), 1)
    assert.include(await machine.ok(`journalctl -q -o cat -u ${upload}`), film)
    assert.deepStrictEqual(await tickets(machine), [])
    const stored = (await b2.files()).map(({ name }) => name)
    for (const member of ["E01/The Show E01.mkv", "E02/The Show E02.mkv"]) {
      assert.include(stored, `tv/${show}/${member}`, "extracted")
    }
    assert.include(stored, `downloads/${bonus}/making of.mkv`)
    for (const name of files(source)) {
      const remote = `${name.startsWith(show) ? "tv" : "downloads"}/${name}`
      assert.isTrue((await b2.bytesOf(remote)).equals(readFileSync(`${source}/${name}`)), remote)
    }
    assert.strictEqual(await machine.ok(`ls ${places.data}/extracted`), "")
  })

  it("the library's programs may link what was downloaded: it is the group's, and writable for it", async () => {
    const { machine } = pipeline
    const seen = await machine.ok(`stat -c '%U:%G %a' '${places.completed}/${show}/E01/the.show.e01.part01.rar'`)
    assert.strictEqual(seen, "qbittorrent:media 664")
    assert.strictEqual(await machine.ok(`stat -c '%G %a' '${places.completed}/${show}'`), "media 2775")
  })

  it("a torrent removed through the API is off the disk after the cleanup that its timer is about to start", async () => {
    const { b2, machine } = pipeline
    const cleanup = "media-pipeline-cleanup.service"
    const before = (await b2.files()).length
    await machine.ok(`systemctl start ${cleanup}`)
    assert.isTrue(existsSync(at(film)), "a torrent seeds it")
    const client = await pipeline.client()
    await Effect.runPromise(client.api.remove(hashes[film] ?? "", false))

    await machine.ok(`systemctl start ${cleanup}`)
    assert.isFalse(existsSync(at(film)))
    assert.isFalse(existsSync(at(`${film}.uploaded`)))
    for (const name of [show, bonus]) assert.isTrue(existsSync(at(`${name}.uploaded`)), name)
    assert.lengthOf(await b2.files(), before)
    const due = await machine.ok("systemctl list-timers --no-legend media-pipeline-cleanup.timer")
    assert.match(due, /^\w{3} \d{4}-\d\d-\d\d .* left|^\w{3} \d{4}-\d\d-\d\d/)
  })

  it("a person's media-pipeline on the host runs as the service does", async () => {
    const { machine } = pipeline
    const doctor = await machine.run("media-pipeline doctor")
    assert.strictEqual(doctor.code, 0, doctor.stdout + doctor.stderr)
    assert.match(doctor.stdout, /all is well/)
    const listed = await machine.ok("media-pipeline-rclone lsf b2:media-test/downloads/")
    assert.strictEqual(listed, [`${bonus}/`, film].toSorted().join("\n"))
    assert.strictEqual(await machine.ok(`find ${places.state} ! -group media`), "")
  })
})
