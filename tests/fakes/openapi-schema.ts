/* Schemas of OpenAPI 3.0 as JSON Schema. */

export type Json = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)
export const objectOf = (value: unknown): Json => (isObject(value) ? value : {})
export const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

/** The `$id` of the document's schemas. */
export const documentId = "document"

const schemaKeys = new Set(["items", "not", "additionalProperties"])
const listKeys = new Set(["allOf", "anyOf", "oneOf"])
/** Say nothing about what is valid, or say it in the way of 3.0. */
const dropped = new Set([
  "nullable",
  "discriminator",
  "xml",
  "example",
  "default",
  "readOnly",
  "writeOnly",
  "deprecated",
  "description",
  "title",
  "externalDocs"
])

/**
 * `nullable` becomes a choice, references lead to the document, a limit that is exclusive by a flag is so by number.
 * `closed`: an object whose properties are listed has no others, unless it says so or is one part of several.
 */
export const toJsonSchema = (schema: unknown, closed: boolean): unknown => {
  if (!isObject(schema)) return schema
  const { $ref } = schema
  if (typeof $ref === "string") return { $ref: `${documentId}${$ref}` }
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) {
    if (dropped.has(key)) continue
    if (key === "properties") {
      result[key] = Object.fromEntries(
        Object.entries(objectOf(value)).map(([name, one]) => [name, toJsonSchema(one, closed)])
      )
    } else if (schemaKeys.has(key)) result[key] = toJsonSchema(value, closed)
    else if (listKeys.has(key)) {
      result[key] = listOf(value).map((one) => toJsonSchema(one, closed && key !== "allOf"))
    } else if (key === "exclusiveMinimum" && typeof value === "boolean") {
      if (value) result[key] = schema["minimum"]
    } else if (key === "exclusiveMaximum" && typeof value === "boolean") {
      if (value) result[key] = schema["maximum"]
    } else result[key] = value
  }
  const listed = Object.keys(objectOf(schema["properties"])).length > 0
  if (closed && listed && schema["additionalProperties"] === undefined) result["additionalProperties"] = false
  return schema["nullable"] === true ? { anyOf: [result, { type: "null" }] } : result
}
