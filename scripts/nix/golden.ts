import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { findLibrary, root } from "./evaluate.ts"
import { committed, differences, expected, refresh } from "./goldens.ts"

/*
 * Usage: node scripts/nix/golden.ts [--check]
 * Renders the module's golden files (tests/nix/golden) and the reference of its options (docs/options.md) anew, or says
 * where they differ. Needs nix-instantiate on PATH, and nixpkgs' library: $NIXPKGS_LIB, or <nixpkgs/lib>.
 */

const library = findLibrary()
if ("missing" in library) {
  console.error(`${library.missing}: install Nix, and set NIXPKGS_LIB to the lib directory of a nixpkgs`)
  process.exit(75)
}

const should = await expected(library.path)
const found = differences(committed(), should)
if (process.argv.includes("--check")) {
  for (const line of found) console.log(line)
  console.log(found.length === 0 ? `all ${should.size} files are right` : `run: ${refresh}`)
  process.exitCode = found.length === 0 ? 0 : 1
} else {
  for (const file of committed().keys()) if (!should.has(file)) rmSync(join(root, file))
  for (const [file, text] of should) {
    mkdirSync(join(root, dirname(file)), { recursive: true })
    writeFileSync(join(root, file), text)
  }
  for (const line of found) console.log(line)
  console.log(`${should.size} files, ${found.length} changed`)
}
