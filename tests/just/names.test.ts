import { readdirSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { makeRig, onHost, type Rig } from "./rig.ts"

let rig: Rig
beforeAll(() => {
  rig = makeRig()
  rig.answer(
    "nix-instantiate",
    `case "$*" in *upload.remote*) echo '"b2:media"' ;; *upload.path*) echo '"downloads"' ;; *) exit 1 ;; esac`
  )
})
afterAll(() => rig.close())

const names = [
  "Show S01",
  "  two  spaces  ",
  "it's",
  "''",
  `"quoted"`,
  "$(touch pwned)",
  "`touch pwned`",
  "; touch pwned #",
  "&& touch pwned",
  "two\nlines",
  "ends in a newline\n",
  "\n",
  "tab\there",
  "-x",
  "--",
  "--dry-run",
  "*",
  "[a-z]?",
  "~root",
  "back\\slash\\",
  "$HOME ${HOME}",
  "{{ host }}",
  "key=value",
  "module::recipe",
  "100 % %s !!",
  "ä ﬁ 映画 🎬"
]

describe.each(names)("the name %j", (name) => {
  const arrived = (args: ReadonlyArray<string>) => {
    const { calls, stderr } = rig.just(args)
    return stderr === "" ? onHost(calls) : stderr
  }

  test("arrives unharmed as the one argument of a recipe", () => {
    expect(arrived(["explain", name])).toEqual([["media-pipeline", "explain", "--", name]])
    expect(arrived(["restore", name])).toEqual([["media-pipeline", "restore", "--", name]])
  })

  test("arrives unharmed as one of several arguments", () => {
    expect(arrived(["upload", name, "next", name])).toEqual([["media-pipeline", "upload", "--", name, "next", name]])
    expect(arrived(["rclone", "cat", name, ""])).toEqual([["media-pipeline-rclone", "cat", name, ""]])
    expect(onHost(rig.just(["logs", name]).calls)[0]?.at(-1)).toBe(name)
  })

  test("arrives unharmed below the remote", () => {
    const rclone = "media-pipeline-rclone"
    const format = ["--format", "tsp", "--separator", "  "]
    const place = `b2:media/${name}`
    expect(arrived(["b2-ls", name, "--recursive"])).toEqual([[rclone, "lsf", ...format, "--recursive", "--", place]])
    expect(arrived(["b2-size", name])).toEqual([[rclone, "size", "--", place]])
  })

  test("arrives unharmed at the mount", () => {
    const [call] = onHost(rig.just(["mount-rc", "vfs/refresh", `dir=${name}`]).calls)
    expect(call?.slice(-3)).toEqual(["--data-urlencode", `dir=${name}`, "http://localhost/vfs/refresh"])
  })

  test("runs nothing", () => {
    expect(readdirSync(rig.work)).toEqual([])
  })
})
