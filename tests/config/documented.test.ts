import { assert, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Storage } from "../../src/config/schema.ts"
import { isWithin } from "../../src/platform/BytePath.ts"

const docs = join(import.meta.dirname, "../../docs")
const blocks = (file: string, language: string): ReadonlyArray<string> =>
  Array.from(
    readFileSync(join(docs, file), "utf8").matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms")),
    ([, block]) => block ?? ""
  )

const decode = Schema.decodeUnknownEffect(Schema.Struct({ storage: Storage }), { onExcessProperty: "error" })

it.effect("each example of storage in the documents is one that the program takes", () =>
  Effect.gen(function* () {
    const examples = ["relocation.md", "cross-seed.md"].flatMap((file) => blocks(file, "json"))
    assert.lengthOf(examples, 2)
    for (const example of examples) yield* decode(JSON.parse(`{${example}}`))
  })
)

it.effect(
  "the recipe for cross-seed has one folder of links a filesystem, in no dataDir and in a seeding directory",
  () =>
    Effect.gen(function* () {
      const [json = ""] = blocks("cross-seed.md", "json")
      const [script = ""] = blocks("cross-seed.md", "js")
      const { storage } = yield* decode(JSON.parse(`{${json}}`))
      const paths = (name: string): ReadonlyArray<string> =>
        JSON.parse(new RegExp(`^ *${name}: (\\[.*?\\])`, "m").exec(script)?.[1] ?? "")
      const [dataDirs, linkDirs] = [paths("dataDirs"), paths("linkDirs")]
      for (const { root, seedingDirs } of [storage.stash, storage.pool]) {
        assert.lengthOf(
          linkDirs.filter((path) => isWithin(path, root) && seedingDirs.includes(path)),
          1
        )
      }
      for (const link of linkDirs) {
        assert.isFalse(
          dataDirs.some((path) => isWithin(link, path) || isWithin(path, link)),
          link
        )
      }
      assert.match(script, /linkType: "hardlink"/)
    })
)
