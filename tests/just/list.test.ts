import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { checkout, hostJustfile } from "./rig.ts"

const list = (...args: ReadonlyArray<string>): string => {
  const { error, stdout } = spawnSync("just", args, { cwd: checkout, encoding: "utf8" })
  if (error !== undefined) throw new Error(`${error.message}; scripts/with-tools.sh brings just`)
  return stdout
}

test("the checkout's list reads like this", async () => {
  await expect(list("--list")).toMatchFileSnapshot("checkout-list.txt")
})

test("the host's list reads like this", async () => {
  await expect(list("--justfile", hostJustfile)).toMatchFileSnapshot("host-list.txt")
})

test("lists fit a wide terminal, and every recipe has a line", () => {
  const lines = list("--list")
    .split("\n")
    .filter((line) => /^ {4}[a-z]/.test(line))
  expect(lines.length).toBeGreaterThan(30)
  for (const line of lines) {
    expect(line).toContain(" # ")
    expect(line.length).toBeLessThanOrEqual(120)
  }
})

test("the template's configuration.nix does the whole pipeline in 25 lines", () => {
  const text = readFileSync(join(checkout, "nix/template/configuration.nix"), "utf8")
  const [block] = /^ {2}services\.mediaPipeline = \{\n[^]*?\n {2}\};\n/m.exec(text) ?? []
  expect(block).toContain("enable = true;")
  expect(block?.trim().split("\n").length).toBeLessThanOrEqual(25)
})
