import { type JsonSchema, Schema, SchemaIssue } from "effect"
import { nearest } from "./spelling.ts"
import { Config } from "./schema.ts"

/** One thing that is wrong with the file, in words that say what to do. `path` is "" for the file as a whole. */
export interface Problem {
  readonly path: string
  readonly message: string
}

let made: JsonSchema.JsonSchema | undefined

/** Made when it is first asked for: no run that finds its configuration right has a use for it. */
export const jsonSchema = (): JsonSchema.JsonSchema => {
  made ??= {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...Schema.toJsonSchemaDocument(Config, { onExcessProperty: "error" }).schema
  }
  return made
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const at = (value: unknown, key: PropertyKey): unknown =>
  isRecord(value) || Array.isArray(value) ? Reflect.get(value, key) : undefined

const keysOf = (schema: unknown): ReadonlyArray<string> => {
  const properties = at(schema, "properties")
  return isRecord(properties) ? Object.keys(properties) : []
}

const schemaAt = (path: ReadonlyArray<PropertyKey>): unknown =>
  path.reduce<unknown>(
    (schema, key) => at(at(schema, "properties"), key) ?? at(schema, "additionalProperties"),
    jsonSchema()
  )

/** Full paths of all settings that are called `name`, wherever they belong. */
const homesOf = (name: string, schema: unknown = jsonSchema(), prefix = ""): ReadonlyArray<string> =>
  keysOf(schema).flatMap((key) => [
    ...(key === name ? [`${prefix}${key}`] : []),
    ...homesOf(name, at(at(schema, "properties"), key), `${prefix}${key}.`)
  ])

const unknownKey = (path: ReadonlyArray<PropertyKey>): string => {
  const name = String(path.at(-1))
  const parent = path.slice(0, -1)
  const siblings = keysOf(schemaAt(parent))
  if (siblings.length === 0) return "this key must be an absolute path without . or .. and without a slash at its end"
  const close = nearest(name, siblings)
  if (close !== undefined) return `unknown key, did you mean "${close}"?`
  const homes = homesOf(name)
  if (homes.length > 0) return `unknown key here, did you mean ${homes.join(" or ")}?`
  return `unknown key; known here are ${siblings.join(", ")}`
}

const missing = (path: ReadonlyArray<PropertyKey>): string => {
  const description = at(schemaAt(path), "description")
  return `is missing. ${typeof description === "string" ? description : ""}`.trim()
}

const types: Record<string, string> = {
  string: "text in double quotes",
  number: "a number",
  "an integer": "a whole number",
  boolean: "true or false, without quotes",
  array: "a list in [ ]",
  object: "an object in { }",
  "number | null": "a number or null",
  "string | null": "text in double quotes or null"
}

const wrong = (expected: string, given: unknown): string => {
  const choices = [...expected.matchAll(/"([^"]*)"(?: \| |$)/g)].map((match) => match[1] ?? "")
  const isChoice = choices.length > 0 && expected === choices.map((choice) => `"${choice}"`).join(" | ")
  const wanted = isChoice
    ? `one of ${choices.map((choice) => `"${choice}"`).join(", ")}`
    : (types[expected] ??
      expected.replace(/^a value (?:greater than or equal to|of at least)/, "at least").replace(/^a value/, "a number"))
  const text = JSON.stringify(given) ?? "nothing"
  const close = isChoice && typeof given === "string" ? nearest(given, choices) : undefined
  return `must be ${wanted}; it is ${text.length > 60 ? `${text.slice(0, 57)}…` : text}${close === undefined ? "" : `. Did you mean "${close}"?`}`
}

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  // The words are ours; what remains of the library's is the part after "Expected".
  leafHook: (issue) =>
    issue._tag === "UnexpectedKey"
      ? "unexpected"
      : issue._tag === "MissingKey"
        ? "missing"
        : SchemaIssue.defaultLeafHook(issue)
})

/** Every problem that the schema finds, in the order of the file's settings. */
export const inWords = (issue: SchemaIssue.Issue, input: unknown): ReadonlyArray<Problem> =>
  format(issue).issues.map(({ message, path = [] }) => {
    const keys = path.map((segment) => (typeof segment === "object" ? segment.key : segment))
    const given = keys.reduce(at, input)
    return {
      path: keys.map(String).join("."),
      message:
        message === "unexpected"
          ? unknownKey(keys)
          : message === "missing"
            ? missing(keys)
            : wrong(message.replace(/^Expected /, ""), given)
    }
  })
