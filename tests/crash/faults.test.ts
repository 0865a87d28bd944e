import { execFileSync } from "node:child_process"
import { cpSync, mkdtempSync, readdirSync, rmdirSync, rmSync, statfsSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { CallName } from "../fakes/b2/calls.ts"
import { tell } from "./drill.ts"
import { buildWorker, Host } from "./host.ts"
import { breaches, look, unfinished, type Whereabouts } from "./invariant.ts"

let bundle: string
let host: Host
beforeAll(async () => {
  bundle = await buildWorker()
  host = await Host.start(bundle)
})
afterAll(async () => {
  await host.stop()
  rmSync(dirname(bundle), { recursive: true })
})

const must = async (...args: ReadonlyArray<string>) => {
  const ended = await host.worker(args)
  assert.strictEqual(ended.code, 0, tell(args.join(" "), ended))
}

const intact = async (after: string) => assert.deepStrictEqual(breaches(host, await look(host)), [], after)
const complete = async (args: ReadonlyArray<string>, where: Whereabouts | ((name: string) => Whereabouts)) => {
  await must(...args)
  assert.deepStrictEqual(await unfinished(host, where), [])
}

describe("a large file, killed inside of its upload", () => {
  const begun = async (call: CallName) => {
    const { calls } = await host.b2.ledger()
    return (await host.b2.unfinished()).length > 0 && calls.some((one) => one.call === call)
  }

  const dieDuring = async (call: CallName, nth: number, power: boolean) => {
    await host.fresh({ kinds: ["large", "film"] })
    // Long enough to be killed in, and to arrive when the next run has begun.
    await host.b2.fail({ on: call, nth, delay: 1500 })
    const { child, ended } = host.begin(["upload"])
    while (!(await begun("b2_start_large_file"))) await setTimeout(5)
    await setTimeout(300)
    if (power) for (const { pid } of host.leftRunning()) process.kill(pid, "SIGKILL")
    else child.kill("SIGKILL")
    assert.strictEqual((await ended).signal, "SIGKILL")
    await intact(call)
    assert.deepStrictEqual(await host.settled(), [])
    await complete(["upload"], "here")
    // What was on its way when we died has come by now.
    await setTimeout(1500)
    return unfinished(host, "here")
  }

  for (const power of [false, true]) {
    const who = power ? "with its rclone" : "alone"
    it(`${who}, in the middle of the first part`, async () =>
      assert.deepStrictEqual(await dieDuring("b2_upload_part", 1, power), []))
    it(`${who}, in the middle of the last part`, async () =>
      assert.deepStrictEqual(await dieDuring("b2_upload_part", 2, power), []))
    it(`${who}, while its parts are put together`, async () =>
      assert.deepStrictEqual(await dieDuring("b2_finish_large_file", 1, power), []))
  }
})

const mount = (folder: string, kibibytes: number) =>
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kibibytes}k`, "tmpfs", folder], { stdio: "pipe" })

/** Runs `body` with a disk of its own, small, in place of a folder; what is in the folder is copied. */
const onSmallDisk = async (folder: string, kibibytes: number, body: () => Promise<void>) => {
  const aside = join(host.root, "aside")
  cpSync(folder, aside, { recursive: true, preserveTimestamps: true })
  mount(folder, kibibytes)
  try {
    cpSync(aside, folder, { recursive: true, preserveTimestamps: true })
    await body()
  } finally {
    execFileSync("umount", [folder])
    rmSync(aside, { recursive: true })
  }
}

const filler = ".filler"
const fillUp = (folder: string, leave: number) => {
  const { bavail, bsize } = statfsSync(folder)
  writeFileSync(join(folder, filler), Buffer.alloc(Math.max(0, bavail * bsize - leave * 1024)))
}
const empty = (folder: string) => rmSync(join(folder, filler), { force: true })

const mayMount = (() => {
  const folder = mkdtempSync(join(tmpdir(), "media-pipeline-crash-mount-"))
  try {
    mount(folder, 64)
    execFileSync("umount", [folder])
    return true
  } catch {
    return false
  } finally {
    rmdirSync(folder)
  }
})()

describe.skipIf(!mayMount)("a full disk (needs the right to mount)", () => {
  it(
    "under the database, at any moment of an upload: nothing is lost, and it goes on",
    { timeout: 300_000 },
    async () => {
      const codes: Array<number | null> = []
      for (const left of [0, 32, 96, 160, 192, 208, 224, 240, 256, 600]) {
        await host.fresh({ kinds: ["film", "odd", "zip", "rootless"] })
        await onSmallDisk(host.state, 2048, async () => {
          fillUp(host.state, left)
          const full = await host.worker(["upload"])
          codes.push(full.code)
          await intact(`${left} KiB were left`)
          if (full.code !== 0) assert.match(full.stderr + full.stdout, /full|room/, `${left} KiB were left`)
          empty(host.state)
          await complete(["upload"], "here")
        })
      }
      assert.include(codes, 75)
      assert.strictEqual(codes.at(-1), 0, "the last had room enough: the moments in between were passed")
    }
  )

  it("under what is uploaded: it is uploaded all the same, and its sign comes when there is room", async () => {
    await host.fresh({ kinds: ["film", "odd", "rootless"] })
    await onSmallDisk(host.completed, 1024, async () => {
      fillUp(host.completed, 0)
      await must("upload")
      await intact("the upload")
      assert.deepStrictEqual(
        readdirSync(host.completed).filter((name) => name.endsWith(".uploaded")),
        []
      )
      empty(host.completed)
      await complete(["upload"], "here")
    })
  })

  it("under what is restored: no half of it gets its name, and it comes when there is room", async () => {
    await host.fresh({ kinds: ["film", "odd"] })
    await onSmallDisk(host.completed, 1024, async () => {
      await must("upload")
      await host.seed("incomplete")
      await must("cleanup")
      fillUp(host.completed, 100)
      const full = await host.worker(["restore", "A Film (2026).mkv"])
      assert.notInclude([0, null], full.code, tell("restore", full))
      await intact("the restore")
      assert.notInclude(readdirSync(host.completed), "A Film (2026).mkv")
      empty(host.completed)
      await must("restore", "A Film (2026).mkv")
      await complete(["upload"], (name) => (name.startsWith("A Film") ? "here" : "released"))
    })
  })
})
