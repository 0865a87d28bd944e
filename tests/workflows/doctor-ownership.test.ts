import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type Answer, ownership } from "../../src/workflows/doctor/storage-ownership.ts"

describe("fs.protected_hardlinks", () => {
  const nobody = 65534

  it("asks of a file what the kernel asks of who links it, seen by a user who is not root", () => {
    const folder = mkdtempSync(join(tmpdir(), "media-pipeline-links-"))
    try {
      chmodSync(folder, 0o777)
      const modes = [0o600, 0o604, 0o606, 0o640, 0o644, 0o660, 0o664, 0o666, 0o444, 0o4666, 0o2676, 0o2666, 0o000]
      const owners = [
        [0, 0],
        [0, nobody],
        [nobody, 0]
      ] as const
      const files = owners.flatMap(([uid, gid]) =>
        modes.map((mode) => {
          const path = join(folder, `${uid}-${gid}-${mode.toString(8)}`)
          writeFileSync(path, "")
          chownSync(path, uid, gid)
          chmodSync(path, mode)
          return path
        })
      )
      const source = join(import.meta.dirname, "../../src")
      const node = join(folder, "node")
      copyFileSync(process.execPath, node)
      chmodSync(node, 0o755)
      const script = `
        const { linkable, protectsHardlinks } = await import(${JSON.stringify(join(source, "workflows/doctor/storage-ownership.ts"))})
        const { linkSync } = await import("node:fs")
        const tried = JSON.parse(process.argv[1]).map((path) => {
          let kernel = "yes"
          try { linkSync(path, path + ".link") } catch (error) { kernel = error.code }
          return [path, linkable(path, protectsHardlinks()), kernel]
        })
        console.log(JSON.stringify(tried))`
      const { status, stderr, stdout } = spawnSync(node, ["--input-type=module", "-e", script, JSON.stringify(files)], {
        uid: nobody,
        gid: nobody,
        cwd: folder,
        encoding: "utf8"
      })
      assert.strictEqual(status, 0, stderr)
      const tried: ReadonlyArray<readonly [path: string, answer: Answer, kernel: string]> = JSON.parse(stdout)
      assert.lengthOf(tried, files.length)
      for (const [path, answer, kernel] of tried) {
        // What cannot be read could be linked by its owner all the same, but not proven.
        if (answer === "yes") assert.strictEqual(kernel, "yes", path)
        if (answer === "no") assert.strictEqual(kernel, "EPERM", path)
      }
      const numbers = Map.groupBy(tried, ([, answer]) => answer)
      for (const answer of ["yes", "no", "unreadable"] as const) {
        assert.isAbove(numbers.get(answer)?.length ?? 0, 3, answer)
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it("is a problem where some file may not be linked, with the group and the umask as the remedy", () => {
    const answers = [
      { path: "/a", answer: "yes" },
      { path: "/b", answer: "no" },
      { path: "/c", answer: "unreadable" }
    ] as const
    const checks = ownership(answers, true)
    assert.deepStrictEqual(
      checks.map(({ name, outcome }) => [name, outcome]),
      [
        ["permissions", "problem"],
        ["fs.protected_hardlinks", "problem"]
      ]
    )
    assert.match(checks[1]?.detail ?? "", /^1 of 3 files, such as \/b: of another user and not writable/)
    for (const { remedy } of checks) assert.match(remedy ?? "", /umask 002.*group/)
    assert.strictEqual(ownership(answers.slice(0, 1), true)[0]?.outcome, "ok")
  })
})
