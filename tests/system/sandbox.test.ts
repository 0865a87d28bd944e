import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { bootMillis, inNixShell } from "./available.ts"
import { goldenDir, plant } from "./golden.ts"
import { bootPipeline, dropTicket, type Pipeline, seedComplete } from "./pipeline.ts"
import { applicationKey, password, places } from "./rig.ts"

const unit = "media-pipeline-upload.service"

/** The upload's unit with another program in it: the same user, the same sandbox. */
const withProgram = (program: string): string =>
  readFileSync(join(goldenDir, "boot/units", unit), "utf8")
    .split("\n")
    .filter((line) => !/^(?:ExecStart|ExecStop|Restart)/.test(line))
    .join("\n")
    .replace("[Service]", `[Service]\nExecStart=${program}`)

const link = `#!/bin/sh
set -eu
PATH=/usr/bin
ln ${places.completed}/film.mkv ${places.data}/library/film.mkv
mv ${places.data}/library/film.mkv ${places.completed}/linked.mkv
if ln ${places.completed}/film.mkv ${places.state}/film.mkv 2>&1; then exit 3; fi
if ln /etc/hostname ${places.completed}/hostname 2>&1; then exit 4; fi
if touch /etc/made-by-the-unit /home/made-by-the-unit 2>&1; then exit 5; fi
if cat /run/secrets/rclone.env 2>&1; then exit 6; fi
if unshare --user true 2>&1; then exit 7; fi
ls /proc
`

describe.skipIf(inNixShell)("the sandbox of the golden units", () => {
  let pipeline: Pipeline
  const machine = () => pipeline.machine

  beforeAll(async () => {
    pipeline = await bootPipeline((stage) => {
      plant(stage, "/opt/rig/link", link, 0o755)
      plant(stage, "/etc/systemd/system/rig-link.service", withProgram("/opt/rig/link"))
      plant(stage, "/etc/tmpfiles.d/rig-link.conf", `d ${places.data}/library 2775 root media -\n`)
    })
    await machine().ok("systemctl stop media-pipeline-upload.timer")
  }, bootMillis)
  afterAll(() => pipeline?.close())

  it("hardlinks work from inside, below the one directory of data, and nothing else is to be had", async () => {
    const film = `${places.completed}/film.mkv`
    await machine().ok(`echo bytes >${film} && chown qbittorrent:media ${film} && chmod 0664 ${film}`)
    const { code } = await machine().run("systemctl start rig-link.service")
    const said = await machine().ok("journalctl -q -o cat _SYSTEMD_UNIT=rig-link.service")
    assert.strictEqual(code, 0, said)
    assert.strictEqual(await machine().ok(`stat -c %h ${film}`), "2")
    const inodes = await machine().ok(`stat -c %i ${film} ${places.completed}/linked.mkv`)
    assert.lengthOf(new Set(inodes.split("\n")), 1)
    // Two writable directories are two mounts to a unit: why there is one.
    assert.match(said, /media-pipeline\/film\.mkv.*Invalid cross-device link/)
    assert.match(said, /made-by-the-unit.*Read-only file system/)
    assert.match(said, /rclone\.env: Permission denied/)
    const processes = said.split("\n").filter((line) => /^\d+$/.test(line))
    assert.notInclude(processes, "1", "other users' processes are hidden")
  })

  it("what an older qBittorrent left closed to the group is named by doctor, with the remedy", async () => {
    const folder = `${places.completed}/Old Show`
    await machine().ok(`mkdir '${folder}' && chown qbittorrent:media '${folder}' && chmod 0755 '${folder}'`)
    const before = (await machine().run("media-pipeline doctor")).stdout
    assert.include(
      before,
      "1 item in completedDir, such as /var/lib/qBittorrent/completed/Old Show, may not be written"
    )
    assert.include(before, "docs/options.md")
    await machine().ok(`chmod g+w '${folder}'`)
    assert.notInclude((await machine().run("media-pipeline doctor")).stdout, "Old Show")
  })

  it("credentials are readable by the unit alone", async () => {
    const free = (what: string, text: string, secrets = [applicationKey, password]) => {
      for (const secret of secrets) assert.notInclude(text, secret, what)
    }
    await pipeline.b2.set({ bandwidth: 1_000_000 })
    const { infohash } = await seedComplete(pipeline, "slow.mkv", 30_000_000)
    await dropTicket(machine(), infohash)
    const worker = await machine().waitFor("rclone", async () => {
      const { stdout } = await machine().run("pgrep -u media-pipeline -f 'rclone rcd'")
      return /^\d+$/m.exec(stdout)?.[0]
    })
    await sleep(300)

    // What the others must not see is there to be seen: the unit has it.
    const own = await machine().ok(`tr '\\0' '\\n' </proc/${worker}/environ`)
    assert.include(own, applicationKey)
    const credentials = "/run/credentials/media-pipeline-upload.service"
    assert.include(await machine().ok(`cat '${credentials}/qbittorrent.passwordFile'`), password)

    for (const user of ["stranger", "qbittorrent"] as const) {
      // Its password is qBittorrent's as well, which is given it by its own unit.
      const secrets = user === "qbittorrent" ? [applicationKey] : [applicationKey, password]
      for (const place of [credentials, "/run/credentials", "/run/secrets", places.state]) {
        free(`${place} as ${user}`, (await machine().run(`ls ${place}; grep -rs . ${place}`, { user })).stdout, secrets)
      }
      const { stdout } = await machine().run("cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'", { user })
      free(`processes as ${user}`, stdout, secrets)
      for (const name of ["qbittorrent.passwordFile", "upload.rcloneEnvironmentFile"]) {
        const { code } = await machine().run(`cat '${credentials}/${name}'`, { user })
        assert.notStrictEqual(code, 0, `${name} as ${user}`)
      }
    }
    const other = "systemd-run --quiet --wait --pipe -p User=stranger -p PrivateUsers=yes --service-type=exec"
    free(
      "another unit",
      (await machine().run(`${other} -- sh -c 'env; grep -rs . /run/credentials /run/secrets'`)).stdout
    )
    // Not even to root, where everybody may look.
    free("command lines", await machine().ok("cat /proc/*/cmdline | tr '\\0' '\\n'"))
    free("systemctl show", await machine().ok("systemctl show '*' --all"))
    free("the journal", await machine().ok("journalctl -q -o export"))
    free(
      "the store, and what is in /etc",
      (await machine().run("grep -rs . /nix/store /etc/systemd /etc/media-pipeline")).stdout
    )
    const environments = await machine().ok(
      "for pid in $(pgrep -v -x rclone); do tr '\\0' '\\n' </proc/$pid/environ; done; true"
    )
    free("the environment of anything but rclone", environments)
    await pipeline.b2.set({ bandwidth: 0 })
  })

  it("the categories wait for a client that is down, and are there once it is up", async () => {
    const categories = "media-pipeline-categories.service"
    await machine().ok("systemctl stop media-pipeline-categories.timer qbittorrent.service")
    await machine().ok(`systemctl start --no-block ${categories}`)
    await machine().waitFor("its pause", async () => {
      const { SubState } = await machine().show(categories, "SubState")
      return SubState === "auto-restart"
    })
    assert.include(await machine().show(categories, "ActiveState", "ExecMainStatus"), {
      ActiveState: "activating",
      ExecMainStatus: "75"
    })
    await machine().ok("systemctl start qbittorrent.service")
    await machine().waitFor("success", async () => {
      const { ActiveState, Result } = await machine().show(categories, "ActiveState", "Result")
      return ActiveState === "inactive" && Result === "success"
    })
    const { stdout } = await machine().run("media-pipeline categories")
    assert.match(stdout, /as configured/)
  })
})
