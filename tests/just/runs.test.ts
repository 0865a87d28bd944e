import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { makeRig, onHost, type Rig } from "./rig.ts"

let rig: Rig
beforeEach(() => {
  rig = makeRig()
  rig.answer("sleep", "exec /bin/sleep 0.1")
  rig.answer("journalctl", 'echo "a line of the log"; exec /bin/sleep 30')
})
afterEach(() => rig.close())

/** systemd says one of these sub-states after the other, then the last one again and again. */
const unitGoesThrough = (...states: ReadonlyArray<string>) => {
  const steps = states.map((state, index) => `${index}) echo ${state} ;;`).join(" ")
  rig.answer(
    "systemctl",
    `case "$*" in *"--property SubState"*) ;; *) exit 0 ;; esac
     step=$(/bin/cat state 2>/dev/null || echo 0)
     case $step in ${steps} esac
     [ "$step" -ge ${states.length - 1} ] || echo $((step + 1)) >state`
  )
}
const acts = (calls: ReadonlyArray<ReadonlyArray<string>>) =>
  calls.filter(([program, verb]) => program === "systemctl" && verb !== "show").map((call) => call.slice(1))

describe("a run that is started by hand", () => {
  test("is followed in its log until it is over", () => {
    unitGoesThrough("dead", "start", "start", "dead")
    const { calls, status, stdout } = rig.just(["upload"])
    expect(acts(calls)).toEqual([["start", "--no-block", "media-pipeline-upload.service"]])
    expect(calls.find(([program]) => program === "journalctl")?.slice(-2)).toEqual([
      "--unit",
      "media-pipeline-upload.service"
    ])
    expect(stdout).toContain("a line of the log")
    expect(status).toBe(0)
  })

  test("of watched titles is one of their unit", () => {
    unitGoesThrough("dead", "start", "dead")
    const { calls, status } = rig.just(["watched"])
    expect(acts(calls)).toEqual([["start", "--no-block", "media-pipeline-watched.service"]])
    expect(status).toBe(0)
  })

  test("does not wait for the end of a pause between two tries", () => {
    unitGoesThrough("auto-restart", "start", "dead")
    const { calls, status } = rig.just(["upload"])
    expect(acts(calls)).toEqual([["restart", "--no-block", "media-pipeline-upload.service"]])
    expect(status).toBe(0)
  })

  test("that fails is said to be tried again, where it is", () => {
    unitGoesThrough("dead", "start", "auto-restart")
    const { status, stdout } = rig.just(["upload"])
    expect(stdout).toContain("systemd makes another by itself")
    expect(status).toBe(1)
  })

  test("that fails for good fails", () => {
    unitGoesThrough("dead", "start", "failed")
    const { calls, status, stdout } = rig.just(["free"])
    expect(acts(calls)).toEqual([["start", "--no-block", "media-pipeline-cleanup.service"]])
    expect(stdout).not.toContain("by itself")
    expect(status).toBe(1)
  })

  test("that cannot be started is not waited for", () => {
    rig.answer("systemctl", 'case "$1" in start) echo "no such unit" >&2; exit 5 ;; esac')
    const { calls, status } = rig.just(["cleanup"])
    expect(calls.map(([program]) => program)).not.toContain("journalctl")
    expect(status).toBe(5)
  })
})

describe("the remote", () => {
  const settings = (remote: string) =>
    rig.answer(
      "nix-instantiate",
      `case "$*" in *upload.remote*) echo '"${remote}"' ;; *upload.path*) echo '"downloads"' ;; esac`
    )
  test.each([
    ["b2:media", [], "b2:media/downloads"],
    ["b2:media", ["/"], "b2:media/"],
    ["b2:media", ["/tv/Show S01"], "b2:media/tv/Show S01"],
    ["b2:", ["media/tv"], "b2:media/tv"],
    ["/mnt/remote", ["tv"], "/mnt/remote/tv"]
  ])("%s %j is %s", (remote, path, expected) => {
    settings(remote)
    for (const recipe of ["b2-ls", "b2-size"])
      expect(onHost(rig.just([recipe, ...path]).calls)[0]?.at(-1)).toBe(expected)
  })

  test("is not guessed where the configuration cannot be read", () => {
    rig.answer("nix-instantiate", "exit 1")
    const { calls, status } = rig.just(["b2-ls"])
    expect(onHost(calls)).toEqual([])
    expect(status).not.toBe(0)
  })
})

describe("the mount", () => {
  const statistics = `case "$*" in
    *vfs/stats*) printf '{\\n\\t"diskCache": {\\n\\t\\t"bytesUsed": 42949672960,\\n\\t\\t"files": 12,\\n\\t\\t"outOfSpace": false\\n\\t},\\n\\t"metadataCache": {\\n\\t\\t"files": 900\\n\\t},\\n\\t"opt": {\\n\\t\\t"CacheMaxSize": 161061273600\\n\\t}\\n}\\n' ;;
    *core/stats*) printf '{\\n\\t"speed": 1,\\n\\t"transferring": [\\n\\t\\t{\\n\\t\\t\\t"name": "tv/Show: S01/e1.mkv",\\n\\t\\t\\t"percentage": 10,\\n\\t\\t\\t"speed": 39829809.25\\n\\t\\t}\\n\\t]\\n}\\n' ;;
  esac`

  test("says how full its cache is and what is being read", () => {
    rig.answer("curl", statistics)
    const { status, stdout } = rig.just(["mount-status"])
    expect(stdout).toContain("cache    40.0 GiB of 150.0 GiB, files: 12\n")
    expect(stdout).toContain('reading  "tv/Show: S01/e1.mkv" 10 %, 38.0 MiB/s\n')
    expect(status).toBe(0)
  })

  test("is asked nothing where it is not there", () => {
    rig.answer("systemctl", "exit 3")
    const { calls, status } = rig.just(["mount-status"])
    expect(onHost(calls).map(([program]) => program)).toEqual(["systemctl"])
    expect(status).toBe(3)
  })

  test.each(["folder/it's $(one)\n.mkv", "folder"])("%j is read to its end", (file) => {
    rig.answer("mountpoint", "")
    const mount = join(rig.work, "mount point")
    mkdirSync(join(mount, "folder"), { recursive: true })
    writeFileSync(join(mount, "folder", "it's $(one)\n.mkv"), "four")
    for (const name of [file, join(mount, file)]) {
      const { status, stderr } = rig.just(["warm", name], { MEDIA_PIPELINE_MOUNT: mount })
      expect(stderr).toContain("4 bytes copied")
      expect(status).toBe(0)
    }
  })

  test("is not read where nothing is mounted", () => {
    const { status, stderr } = rig.just(["warm", "x"], { MEDIA_PIPELINE_MOUNT: rig.work })
    expect(stderr).toContain("is not mounted")
    expect(status).toBe(1)
  })
})

test("disk shows each directory and the cache", () => {
  const [data, cache] = [join(rig.work, "torrents"), join(rig.work, "the cache")]
  for (const directory of [join(data, "completed"), join(data, "down loading"), cache])
    mkdirSync(directory, { recursive: true })
  rig.answer("nix-instantiate", `echo '"${data}/completed"'`)
  const { status, stdout } = rig.just(["disk"], { MEDIA_PIPELINE_CACHE: cache })
  expect(stdout).toMatch(/Filesystem[^]*torrents\/completed\/\n[^]*torrents\/down loading\/\n[^]*the cache\n/)
  expect(status).toBe(0)
})
