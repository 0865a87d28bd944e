import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "../..")

it("the README's configuration.nix is a case of the golden files, in at most 25 lines", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8")
  const block = /```nix\n(services\.mediaPipeline = \{\n[\s\S]*?)```/.exec(readme)?.[1] ?? ""
  const lines = block.trimEnd().split("\n")
  assert.isAbove(lines.length, 5)
  assert.isAtMost(lines.length, 25)
  const indented = lines.map((line) => (line === "" ? "" : `  ${line}`)).join("\n")
  assert.include(readFileSync(join(import.meta.dirname, "cases/readme.nix"), "utf8"), indented)
})
