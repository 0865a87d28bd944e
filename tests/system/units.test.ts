import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { bootMillis, inNixShell } from "./available.ts"
import { casesWithUnits, goldenDir, plant, plantPrograms, plantWorker, unitsOf } from "./golden.ts"
import { Machine } from "./machine.ts"

const cases = casesWithUnits()

/** The module's; a consumer of the mount is only there for what is added to it. */
const ours = (name: string) =>
  unitsOf(name).filter((unit) => /^(?:media-pipeline-|rclone-b2-mount|qbittorrent)/.test(unit))

/** Ours, but for the mount, which is root's and can hide nothing (nix/module/mount.nix says why). */
const held = (unit: string) => /^media-pipeline-.*\.service$/.test(unit)

describe.skipIf(inNixShell)("the golden units, as this systemd reads them", () => {
  let machine: Machine
  const folder = (name: string) => `/cases/${name}`

  beforeAll(async () => {
    machine = await Machine.boot((stage) => {
      plantWorker(stage)
      const texts = cases.flatMap((name) =>
        unitsOf(name).map((unit) => {
          const text = readFileSync(join(goldenDir, name, "units", unit), "utf8")
          plant(stage, `${folder(name)}/${unit}`, text)
          return text
        })
      )
      plantPrograms(stage, texts)
    })
  }, bootMillis)
  afterAll(() => machine?.powerOff())

  it("there are cases to look at", () => {
    assert.includeMembers([...cases], ["minimal", "full", "boot"])
  })

  /** What systemd-analyze verify says of these units. */
  const verify = async (name: string, units: ReadonlyArray<string>) => {
    const files = units.map((unit) => `./${unit}`).join(" ")
    const at = folder(name)
    const { stderr, stdout } = await machine.run(
      `cd ${at} && SYSTEMD_UNIT_PATH=${at}: systemd-analyze verify --man=no --recursive-errors=no ${files}; echo $?`
    )
    const said = `${stderr}${stdout}`.trim().split("\n")
    return said.filter((line) => /^\d+$/.test(line) || units.some((unit) => line.includes(unit)))
  }

  it.each(cases)("%s: systemd-analyze verify has nothing to say", async (name) => {
    assert.deepStrictEqual(await verify(name, ours(name)), ["0"])
  })

  it("of a key that it does not know and a program that is not there, it would say so", async () => {
    const unit = "media-pipeline-broken.service"
    const text = "[Service]\nExecStart=/nix/store/nothing\nTimeoutStopSecs=1\n"
    await machine.ok(`mkdir /cases/broken && cat >/cases/broken/${unit}`, { input: text })
    const said = (await verify("broken", [unit])).join("\n")
    assert.match(said, /TimeoutStopSecs/)
    assert.match(said, /nothing is not executable/)
  })

  it.each(
    cases.flatMap((name) =>
      ours(name)
        .filter(held)
        .map((unit) => [name, unit] as const)
    )
  )("%s: %s is exposed no more than 2.0, or 2.5 where it sends mail", async (name, unit) => {
    const file = `${folder(name)}/${unit}`
    // sendmail becomes another by its setgid bit (nix/module/watched.nix says what that takes).
    const sendsMail = /^NoNewPrivileges=false$/m.test(readFileSync(join(goldenDir, name, "units", unit), "utf8"))
    assert.isTrue(!sendsMail || unit === "media-pipeline-watched.service")
    const { code, stdout } = await machine.run(
      `systemd-analyze security --no-pager --offline=true --threshold=${sendsMail ? 25 : 20} ${file}`
    )
    assert.strictEqual(code, 0, stdout)
  })

  it("the mount is as closed as a mount can be", async () => {
    const file = `${folder("boot")}/rclone-b2-mount.service`
    const said = await machine.ok(`systemd-analyze security --no-pager --offline=true --threshold=50 ${file} | tail -1`)
    assert.match(said, /level for rclone-b2-mount\.service: [0-4]\.\d/)
  })
})
