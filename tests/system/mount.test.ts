import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { randomBytes } from "node:crypto"
import { createHash } from "node:crypto"
import { bootMillis, inNixShell } from "./available.ts"
import { plant } from "./golden.ts"
import { bootPipeline, type Pipeline } from "./pipeline.ts"
import { bucket, places } from "./rig.ts"

const unit = "rclone-b2-mount.service"

describe.skipIf(inNixShell)("rclone-b2-mount in a real systemd", () => {
  let pipeline: Pipeline
  const machine = () => pipeline.machine
  const bytes = randomBytes(3_000_000)
  const sum = createHash("sha256").update(bytes).digest("hex")
  const film = `${places.mount}/downloads/a film.mkv`
  const readable = async () => {
    const { stdout } = await machine().run(`timeout 10 sha256sum '${film}'`, { user: "stranger" })
    return stdout.startsWith(sum)
  }

  beforeAll(async () => {
    // Debian brings /media, NixOS does not: the unit makes it.
    pipeline = await bootPipeline((stage) => plant(stage, "/etc/tmpfiles.d/00-no-media.conf", "R! /media\n"))
    const fuse = await machine().run("test -c /dev/fuse")
    assert.strictEqual(fuse.code, 0, "this machine's kernel has no FUSE: load its module")
  }, bootMillis)
  afterAll(() => pipeline?.close())

  it("mounts the remote, where every user can read what is there", async () => {
    await machine().ok(`media-pipeline-rclone rcat '${`b2:${bucket}/downloads/a film.mkv`}'`, { input: bytes })
    // Its timer does as much, within a minute of the boot.
    await machine().ok(`systemctl start ${unit}`)
    await machine().waitFor("the film", readable)
    assert.match(await machine().ok(`findmnt -n -o FSTYPE ${places.mount}`), /^fuse\.rclone$/)
    assert.include(
      await machine().ok("systemctl show rclone-b2-mount.timer -p Unit -p ActiveState"),
      "ActiveState=active"
    )
    assert.strictEqual(await machine().ok(`stat -c '%U %a' '${film}'`), "root 664")
  })

  it("what is uploaded shows within the directory cache's time, and the cache has what was read", async () => {
    await machine().ok(`media-pipeline-rclone rcat b2:${bucket}/downloads/new.mkv`, { input: "new" })
    await machine().waitFor("the new film", async () => {
      const { stdout } = await machine().run(`cat ${places.mount}/downloads/new.mkv`, { user: "stranger" })
      return stdout === "new"
    })
    assert.match(await machine().ok("find /var/cache/rclone-b2-mount/vfs -type f"), /a film\.mkv/)
    const { code } = await machine().run("ls /var/cache/rclone-b2-mount", { user: "stranger" })
    assert.notStrictEqual(code, 0)
  })

  it("killed, it comes back, and the dead mount it left is healed", async () => {
    const { MainPID } = await machine().show(unit, "MainPID")
    await machine().ok(`kill -KILL ${MainPID}`)
    await machine().waitFor("another process", async () => {
      const now = await machine().show(unit, "MainPID", "ActiveState")
      return now["ActiveState"] === "active" && now["MainPID"] !== MainPID
    })
    assert.isTrue(await readable())
    assert.strictEqual(await machine().ok(`findmnt -n -o TARGET ${places.mount} | grep -c .`), "1")
  })

  it("stopped, it leaves no mount behind", async () => {
    await machine().ok(`systemctl stop ${unit}`)
    assert.notStrictEqual((await machine().run(`mountpoint -q ${places.mount}`)).code, 0)
    assert.strictEqual((await machine().show(unit, "Result"))["Result"], "success")
  })
})
