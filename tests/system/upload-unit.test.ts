import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { setTimeout as sleep } from "node:timers/promises"
import { bootMillis, inNixShell } from "./available.ts"
import { bootPipeline, dropTicket, type Pipeline, seedComplete, starts, tickets } from "./pipeline.ts"
import { places } from "./rig.ts"

const unit = "media-pipeline-upload.service"
const path = "media-pipeline-upload.path"

describe.skipIf(inNixShell)("media-pipeline-upload.service in a real systemd", () => {
  let pipeline: Pipeline
  let begun = 0
  const machine = () => pipeline.machine
  const state = async () => (await machine().show(unit, "ActiveState", "SubState"))["SubState"]
  const startsSince = async () => (await starts(machine(), unit)) - begun
  const marked = (name: string) => existsSync(machine().path(`${places.completed}/${name}.uploaded`))
  const untilMarked = (name: string) =>
    machine().waitFor(`${name}.uploaded`, async () => marked(name), { timeoutMillis: 45_000 })
  const untilEnded = () => machine().waitFor("the end of the run", async () => (await state()) === "dead")
  const rclones = async () => (await machine().run("pgrep -u media-pipeline rclone")).stdout

  /** A run in the middle of a file that would take it half a minute. */
  const slowly = async (name: string) => {
    await pipeline.b2.set({ bandwidth: 1_000_000 })
    const calls = (await pipeline.b2.ledger()).calls.length
    await dropTicket(machine(), (await seedComplete(pipeline, name, 30_000_000)).infohash)
    // Calls are in the ledger once they are answered.
    await machine().waitFor("a file on its way", async () =>
      (await pipeline.b2.ledger()).calls.slice(calls).some(({ call }) => call === "b2_get_upload_url")
    )
    await sleep(300)
    return Number((await machine().show(unit, "MainPID"))["MainPID"])
  }
  const quickly = () => pipeline.b2.set({ bandwidth: 0 })

  beforeAll(async () => {
    pipeline = await bootPipeline()
    // Whatever runs here, a ticket or a failure started it.
    await machine().ok("systemctl stop media-pipeline-upload.timer")
  }, bootMillis)
  afterAll(() => pipeline?.close())
  afterEach(async () => {
    if (pipeline === undefined) return
    await quickly()
    begun = await starts(machine(), unit)
  })

  it("200 tickets at once hit no start limit", async () => {
    const hashes = Array.from({ length: 200 }, () => randomBytes(20).toString("hex"))
    const hook = `/nix/store/00000000000000000000000000000000-media-pipeline/libexec/media-pipeline/completed`
    const drop = `echo ${hashes.join(" ")} | xargs -n 1 -P 4 ${hook} ${places.spool}`
    await machine().ok(drop, { user: "qbittorrent" })
    await machine().waitFor("an empty spool", async () => (await tickets(machine())).length === 0)
    await untilEnded()
    const ended = { Result: "success", ActiveState: "active" }
    assert.include(await machine().show(path, "Result", "ActiveState"), ended)
    assert.strictEqual((await machine().show(unit, "Result"))["Result"], "success")
    const { infohash } = await seedComplete(pipeline, "after 200.mkv", 1_000_000)
    await dropTicket(machine(), infohash)
    await untilMarked("after 200.mkv")
  })

  it("daemon-reload and a changed unit do not kill a run", async () => {
    const pid = await slowly("reloaded.mkv")
    const file = `/etc/systemd/system/${unit}`
    await machine().ok(`sed -i 's/^Description=.*/Description=Changed/; s/^Nice=.*/Nice=11/' ${file}`)
    await machine().ok("systemctl daemon-reload")
    assert.deepStrictEqual(await machine().show(unit, "MainPID", "Description", "ActiveState"), {
      MainPID: String(pid),
      Description: "Changed",
      ActiveState: "activating"
    })
    await quickly()
    await untilMarked("reloaded.mkv")
    await untilEnded()
    assert.strictEqual(await startsSince(), 1)
  })

  it("stopped in the middle of an upload it ends well and leaves no rclone behind; switched on, it goes on", async () => {
    await slowly("stopped.mkv")
    assert.notStrictEqual(await rclones(), "")
    await machine().ok(`systemctl stop ${path} ${unit}`)
    assert.deepStrictEqual(await machine().show(unit, "ActiveState", "Result", "ExecMainStatus"), {
      ActiveState: "inactive",
      Result: "success",
      ExecMainStatus: "143"
    })
    assert.strictEqual(await rclones(), "")
    assert.isFalse(marked("stopped.mkv"))
    await quickly()
    await machine().ok(`systemctl start ${path}`)
    await untilMarked("stopped.mkv")
  })

  it("killed in the middle of an upload it is started again by systemd and finishes", async () => {
    await machine().ok(
      `mkdir -p /run/systemd/system/${unit}.d && printf '[Service]\\nRestartSec=3s\\n' >/run/systemd/system/${unit}.d/soon.conf`
    )
    await machine().ok("systemctl daemon-reload")
    const pid = await slowly("killed.mkv")
    await machine().ok(`kill -KILL ${pid}`)
    await machine().waitFor("the pause", async () => (await state()) === "auto-restart")
    assert.strictEqual(await rclones(), "")
    assert.strictEqual((await tickets(machine())).length, 1)
    await quickly()
    await untilMarked("killed.mkv")
    await untilEnded()
    assert.strictEqual((await machine().show(unit, "Result"))["Result"], "success")
    assert.strictEqual(await startsSince(), 2)
    await machine().ok(`rm -r /run/systemd/system/${unit}.d && systemctl daemon-reload`)
  })

  it("failing with tickets in the spool it waits its pause out: the path unit does not start it", async () => {
    await machine().ok("systemctl stop qbittorrent.service")
    await dropTicket(machine(), "b".repeat(40))
    await machine().waitFor("the pause", async () => (await state()) === "auto-restart")
    await sleep(5_000)
    assert.strictEqual(await startsSince(), 1)
    assert.lengthOf(await tickets(machine()), 1)
    assert.deepStrictEqual(await machine().show(unit, "SubState", "ExecMainStatus"), {
      SubState: "auto-restart",
      ExecMainStatus: "75"
    })
    await machine().ok("systemctl start qbittorrent.service")
    await pipeline.client()
    await machine().ok(`systemctl restart ${unit}`)
    assert.deepStrictEqual(await tickets(machine()), [])
  })

  it("whoever starts it learns of its failure from systemctl, not after all of its pauses", async () => {
    await machine().ok(`systemctl stop ${path} ${unit} qbittorrent.service`)
    const { code, stderr } = await machine().run(`timeout 15 systemctl start ${unit}`)
    assert.strictEqual(code, 1, `${code} ${stderr}`)
    assert.strictEqual(await state(), "auto-restart")
    await machine().ok(`systemctl stop ${unit} && systemctl start ${path} qbittorrent.service`)
    await pipeline.client()
  })

  it("a wrong configuration is not tried again, by systemd or by the path unit, and nothing is lost", async () => {
    const file = "/etc/media-pipeline/config.json"
    const real = await machine().ok(`readlink -f ${file}`)
    const { infohash } = await seedComplete(pipeline, "misconfigured.mkv", 1_000_000)
    await machine().ok(`rm ${file} && sed s/completedDir/compltedDir/ ${real} >${file}`)
    await dropTicket(machine(), infohash)
    await machine().waitFor("the failure", async () => (await state()) === "failed")
    await sleep(3_000)
    assert.strictEqual(await startsSince(), 1)
    const seen = await machine().show(unit, "ActiveState", "ExecMainStatus", "NRestarts")
    assert.deepStrictEqual(seen, { ActiveState: "failed", ExecMainStatus: "78", NRestarts: "0" })
    assert.include(await machine().show(path, "ActiveState", "SubState"), {
      ActiveState: "active",
      SubState: "waiting"
    })

    await dropTicket(machine(), "c".repeat(40))
    await machine().waitFor("one start for one more ticket", async () => (await startsSince()) === 2)
    await sleep(2_000)
    assert.strictEqual(await startsSince(), 2)

    await machine().ok(`ln -sf ${real} ${file}`)
    await machine().ok(`systemctl start ${unit}`)
    assert.isTrue(marked("misconfigured.mkv"))
    assert.strictEqual(await machine().ok(`find ${places.spool} -name '*.json'`), "")
  })
})
