import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { jsonSchema } from "../../src/config/problems.ts"
import { root } from "../../scripts/nix/evaluate.ts"
import { cases, goldenDir } from "../../scripts/nix/goldens.ts"

type Json = { readonly [key: string]: unknown }
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)
const objectAt = (value: Json, key: string): Json | undefined => (isObject(value[key]) ? value[key] : undefined)
const listAt = (value: Json, key: string): ReadonlyArray<unknown> => {
  const list = value[key]
  return Array.isArray(list) ? list : []
}

/** One place of config.json, as the module's options or the worker's schema have it; `*` stands for any name. */
interface Place {
  readonly description: string
  readonly enum: ReadonlyArray<unknown>
  readonly nullable: boolean
  /** Absent where the user has to say it. */
  readonly default?: unknown
}
interface OptionPlace extends Place {
  readonly computed: boolean
  readonly hasExample: boolean
  readonly type: string
}
interface SchemaPlace extends Place {
  readonly required: boolean
}

const joined = (path: string, key: string) => (path === "" ? key : `${path}.${key}`)
const readJson = (file: string): Json =>
  Schema.decodeUnknownSync(Schema.Record(Schema.String, Schema.Unknown))(
    JSON.parse(readFileSync(join(root, goldenDir, file), "utf8"))
  )

const optionPlaces = (option: Json, path: string): ReadonlyArray<readonly [string, OptionPlace]> => {
  const values = objectAt(option, "values")
  return [
    [
      path,
      {
        description: typeof option["description"] === "string" ? option["description"] : "",
        enum: listAt(option, "enum").toSorted(),
        nullable: option["nullable"] === true,
        ...("default" in option ? { default: option["default"] } : {}),
        computed: option["computed"] === true,
        hasExample: option["hasExample"] === true,
        type: String(option["type"])
      }
    ],
    ...(values === undefined ? [] : optionPlaces(values, `${path}.*`)),
    ...Object.entries(objectAt(option, "keys") ?? {}).flatMap(([key, below]) =>
      isObject(below) ? optionPlaces(below, joined(path, key)) : []
    )
  ]
}

/** `null` is one of two alternatives in a schema, and a word beside the type in an option. */
const alternatives = (schema: Json): ReadonlyArray<Json> => {
  const inner = [...listAt(schema, "anyOf"), ...listAt(schema, "oneOf")].filter(isObject)
  return inner.length === 0 ? [schema] : inner.flatMap(alternatives)
}

const schemaPlaces = (schema: Json, path: string, required: boolean): ReadonlyArray<readonly [string, SchemaPlace]> => {
  const kinds = alternatives(schema)
  const main = kinds.find((kind) => kind["type"] !== "null") ?? schema
  const needed = new Set(listAt(main, "required"))
  const values = objectAt(main, "additionalProperties") ?? objectAt(main, "items")
  const places = Object.values(objectAt(main, "patternProperties") ?? {}).filter(isObject)
  return [
    [
      path,
      {
        description: String(schema["description"] ?? main["description"] ?? ""),
        enum: listAt(main, "enum").toSorted(),
        nullable: kinds.some((kind) => kind["type"] === "null"),
        ...("default" in schema
          ? { default: schema["default"] }
          : "default" in main
            ? { default: main["default"] }
            : {}),
        required
      }
    ],
    ...[...(values === undefined ? [] : [values]), ...places].flatMap((value) =>
      schemaPlaces(value, `${path}.*`, false)
    ),
    ...Object.entries(objectAt(main, "properties") ?? {}).flatMap(([key, below]) =>
      isObject(below) ? schemaPlaces(below, joined(path, key), needed.has(key)) : []
    )
  ]
}

const options = new Map(optionPlaces(readJson("options.json"), ""))
const schema = new Map(schemaPlaces(jsonSchema(), "", true))
const both = [...schema].flatMap(([path, inSchema]) => {
  const option = options.get(path)
  return option === undefined || path === "" ? [] : [{ path, option, inSchema }]
})

describe("the options and the worker's schema", () => {
  it("have the same keys", () => {
    assert.deepStrictEqual([...options.keys()].toSorted(), [...schema.keys()].toSorted())
    assert.isAtLeast(both.length, 30)
  })

  it("have the same defaults", () => {
    const differ = both.flatMap(({ path, option, inSchema }) => {
      if ("default" in inSchema) {
        const same = "default" in option && JSON.stringify(option.default) === JSON.stringify(inSchema.default)
        return same ? [] : [`${path}: ${JSON.stringify(option.default)}, not ${JSON.stringify(inSchema.default)}`]
      }
      // What the worker can do without is null in the options, and left out; or the module knows better.
      const known = option.computed || (path === "stateDir" && option.default === "/var/lib/media-pipeline")
      if (inSchema.required || known) return []
      const leftOut = option.nullable && option.default === null
      const isArea = option.type === "struct" || path.includes("*")
      return leftOut || isArea
        ? []
        : [`${path} has the default ${JSON.stringify(option.default)}, and none in the schema`]
    })
    assert.deepStrictEqual(differ, [])
  })

  it("have the same choices", () => {
    const differ = both.filter(({ option, inSchema }) => JSON.stringify(option.enum) !== JSON.stringify(inSchema.enum))
    assert.deepStrictEqual(differ, [])
    assert.isAtLeast(both.filter(({ option }) => option.enum.length > 0).length, 3)
  })

  it("take null only where the worker does, or where it is left out", () => {
    const differ = both.filter(({ option, inSchema }) => {
      if (inSchema.nullable) return !option.nullable
      return option.nullable && (inSchema.required || "default" in inSchema)
    })
    assert.deepStrictEqual(
      differ.map(({ path }) => path),
      []
    )
  })
})

describe("each option", () => {
  const named = both.filter(({ path, option }) => !path.endsWith(".*") && option.type !== "struct")

  it("is described", () => {
    assert.deepStrictEqual(
      named.filter(({ option }) => option.description.trim() === "").map(({ path }) => path),
      []
    )
  })

  it("has an example where neither its type nor its default shows what to write", () => {
    const obvious = new Set(["bool", "enum", "intBetween", "unsignedInt", "int"])
    const shown = ({ default: value }: OptionPlace) =>
      value !== undefined &&
      value !== null &&
      value !== "" &&
      JSON.stringify(value) !== "{}" &&
      JSON.stringify(value) !== "[]"
    assert.deepStrictEqual(
      named
        .filter(({ option }) => !(option.hasExample || obvious.has(option.type) || option.computed || shown(option)))
        .map(({ path }) => path),
      []
    )
  })
})

describe("the full configuration", () => {
  /** Whether a value has something at this path, below every name where that says `*`. */
  const sets = (value: unknown, path: ReadonlyArray<string>): boolean => {
    const [key, ...rest] = path
    if (key === undefined) return value !== undefined
    if (!isObject(value)) return false
    return key === "*" ? Object.values(value).some((below) => sets(below, rest)) : sets(value[key], rest)
  }

  it("sets every key of config.json", () => {
    assert.include(cases(), "full")
    const config = readJson("full/config.json")
    const missing = both.filter(({ path }) => !path.endsWith(".*") && !sets(config, path.split(".")))
    assert.deepStrictEqual(
      missing.map(({ path }) => path),
      []
    )
  })
})
