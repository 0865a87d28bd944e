import { Ajv, type ValidateFunction } from "ajv"
import { documentId, isObject, type Json, listOf, objectOf, toJsonSchema } from "./openapi-schema.ts"

/* Requests and answers of an HTTP API, held against its official document. */

export interface Asked {
  readonly method: string
  /** As the document writes paths: without the base. */
  readonly path: string
  readonly query: URLSearchParams
}

/** Each answers what is not as documented: none is well. */
export interface Contract {
  readonly request: (asked: Asked & { readonly body: unknown; readonly type: string }) => ReadonlyArray<string>
  readonly response: (asked: Asked & { readonly status: number; readonly body?: string }) => ReadonlyArray<string>
}

export interface ContractOptions {
  /** How lists stand in a query: one value with commas, or a value each. */
  readonly lists: "commas" | "repeated"
  /** Query parameters of every call, such as a key. */
  readonly everywhere?: ReadonlyArray<string>
  /** Properties that the service's source has and its document lacks, or has without null, by schema. */
  readonly beyond?: Readonly<Record<string, ReadonlyArray<string>>>
}

interface Operation {
  readonly parts: ReadonlyArray<string>
  readonly method: string
  readonly value: Json
  readonly parameters: ReadonlyArray<Json>
}

const formats: Readonly<Record<string, RegExp>> = {
  // Jellyfin writes them without dashes.
  uuid: /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/iu,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?(?:Z|[+-]\d\d:\d\d)$/u,
  "date-span": /^-?(?:\d+\.)?\d\d:\d\d:\d\d(?:\.\d+)?$/u,
  date: /^\d{4}-\d\d-\d\d$/u
}

const jsonSchemaOf = (content: unknown): unknown => {
  const found = Object.entries(objectOf(content)).find(([type]) => type.startsWith("application/json"))
  return found === undefined ? undefined : objectOf(found[1])["schema"]
}

const makeAjv = (document: Json, { beyond = {} }: ContractOptions) => {
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false })
  for (const [name, pattern] of Object.entries(formats)) ajv.addFormat(name, pattern)
  ajv.addFormat("int32", { type: "number", validate: (value) => Number.isInteger(value) && Math.abs(value) <= 2 ** 31 })
  ajv.addFormat("int64", { type: "number", validate: Number.isInteger })
  const schemas = Object.fromEntries(
    Object.entries(objectOf(objectOf(document["components"])["schemas"])).map(([name, schema]) => {
      const more = Object.fromEntries((beyond[name] ?? []).map((property) => [property, {}]))
      const properties = { ...objectOf(objectOf(schema)["properties"]), ...more }
      return [name, toJsonSchema(Object.keys(more).length === 0 ? schema : { ...objectOf(schema), properties }, true)]
    })
  )
  ajv.addSchema({ $id: documentId, components: { schemas } })
  return ajv
}

const typed = (schema: Json, text: string): unknown => {
  switch (schema["type"]) {
    case "integer":
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text
    case "boolean":
      return /^(?:true|false)$/iu.test(text) ? text.toLowerCase() === "true" : text
    default:
      return text
  }
}

export const makeContract = (document: unknown, options: ContractOptions): Contract => {
  const root = objectOf(document)
  const ajv = makeAjv(root, options)
  const compiled = new WeakMap<object, ValidateFunction>()
  const everywhere = new Set(options.everywhere)

  const faults = (schema: unknown, value: unknown, where: string): ReadonlyArray<string> => {
    if (!isObject(schema)) return []
    const validate = compiled.get(schema) ?? ajv.compile(objectOf(toJsonSchema(schema, true)))
    compiled.set(schema, validate)
    if (validate(value) === true) return []
    return (validate.errors ?? []).slice(0, 8).map(({ instancePath, message = "", params }) => {
      const extra: unknown = objectOf(params)["additionalProperty"]
      return `${where}${instancePath} ${message}${typeof extra === "string" ? `: ${extra}` : ""}`
    })
  }

  const resolved = (value: unknown): Json => {
    const { $ref } = objectOf(value)
    if (typeof $ref !== "string") return objectOf(value)
    let found: unknown = root
    for (const part of $ref.split("/").slice(1)) found = objectOf(found)[part]
    return objectOf(found)
  }

  /** There is no null in an address. */
  const parameterOf = (value: unknown): Json => {
    const parameter = resolved(value)
    return { ...parameter, schema: { ...resolved(parameter["schema"]), nullable: false } }
  }

  const operations: ReadonlyArray<Operation> = Object.entries(objectOf(root["paths"]))
    .flatMap(([path, item]) =>
      Object.entries(objectOf(item)).flatMap(([method, value]) =>
        isObject(value)
          ? [
              {
                parts: path.split("/"),
                method: method.toUpperCase(),
                value,
                parameters: [...listOf(objectOf(item)["parameters"]), ...listOf(value["parameters"])].map(parameterOf)
              }
            ]
          : []
      )
    )
    // What is written out goes before what is a parameter.
    .toSorted(
      (a, b) =>
        a.parts.filter((one) => one.startsWith("{")).length - b.parts.filter((one) => one.startsWith("{")).length
    )

  const operationOf = ({ method, path }: Asked): Operation | undefined => {
    const parts = path.split("/")
    return operations.find(
      (one) =>
        one.method === method &&
        one.parts.length === parts.length &&
        one.parts.every((part, index) => part.startsWith("{") || part === parts[index])
    )
  }

  const parameterFaults = (parameter: Json, given: ReadonlyArray<string>): ReadonlyArray<string> => {
    const schema = objectOf(parameter["schema"])
    const where = `parameter ${String(parameter["name"])}`
    if (given.length === 0) return parameter["required"] === true ? [`${where} is missing`] : []
    if (schema["type"] !== "array") {
      return given.length > 1 ? [`${where} stands twice`] : faults(schema, typed(schema, given[0] ?? ""), where)
    }
    const items = resolved(schema["items"])
    const values = options.lists === "commas" ? given.flatMap((one) => one.split(",")) : given
    return values.flatMap((one) => faults(items, typed(items, one), where))
  }

  const bodyFaults = (operation: Operation, body: unknown, type: string): ReadonlyArray<string> => {
    const wanted = resolved(operation.value["requestBody"])
    const schema = jsonSchemaOf(wanted["content"])
    if (body === undefined) return wanted["required"] === true ? ["a body is missing"] : []
    if (schema === undefined) return ["takes no body"]
    if (!type.startsWith("application/json")) return [`the body is not said to be JSON: ${type}`]
    return faults(schema, body, "body")
  }

  return {
    request: ({ body, type, ...asked }) => {
      const operation = operationOf(asked)
      if (operation === undefined) return ["there is no such route"]
      const known = new Set(operation.parameters.filter((one) => one["in"] === "query").map((one) => one["name"]))
      const parts = asked.path.split("/")
      return [
        ...[...new Set(asked.query.keys())]
          .filter((name) => !known.has(name) && !everywhere.has(name))
          .map((name) => `there is no parameter ${name}`),
        ...operation.parameters.flatMap((parameter) => {
          const name = String(parameter["name"])
          if (parameter["in"] === "query") return parameterFaults(parameter, asked.query.getAll(name))
          const index = operation.parts.indexOf(`{${name}}`)
          const given = parts[index]
          return parameter["in"] !== "path" || index === -1 || given === undefined
            ? []
            : parameterFaults(parameter, [decodeURIComponent(given)])
        }),
        ...bodyFaults(operation, body, type)
      ]
    },
    response: ({ status, body = "", ...asked }) => {
      const operation = operationOf(asked)
      // It was told with the request.
      if (operation === undefined) return []
      const answers = objectOf(operation.value["responses"])
      // The arrs accept (202) what their documents call 200.
      const answer = answers[String(status)] ?? (status === 202 ? answers["200"] : undefined) ?? answers["default"]
      if (answer === undefined) return status >= 400 ? [] : [`answers an undocumented ${status}`]
      if (status === 204) return body === "" ? [] : ["answers 204 with a body"]
      const schema = jsonSchemaOf(resolved(answer)["content"])
      if (schema === undefined) return []
      try {
        return faults(schema, JSON.parse(body), `answer ${status}`)
      } catch {
        return [`answer ${status} is no JSON`]
      }
    }
  }
}
