import { isObject, type Json } from "../openapi-schema.ts"
import type { FakeServer } from "./server.ts"

/* Calls of the fakes' own tests. */

export interface Answer {
  readonly status: number
  readonly text: string
  /** Undefined where it is no JSON. */
  readonly value: unknown
}

export const call = async (
  server: FakeServer,
  route: string,
  body?: unknown,
  headers?: Readonly<Record<string, string>>
): Promise<Answer> => {
  const [method = "GET", path = "/"] = route.split(" ")
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...(headers ?? { authorization: `MediaBrowser Token="${server.key}"`, "x-api-key": server.key }),
      ...(body === undefined ? {} : { "content-type": "application/json" })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await response.text()
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  return { status: response.status, text, value }
}

/** What lies at a path of keys and indices. */
export const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown => {
  let found = value
  for (const part of path) {
    const inside: Json | ReadonlyArray<unknown> = Array.isArray(found) || isObject(found) ? found : {}
    found = Object.entries(inside).find(([key]) => key === String(part))?.[1]
  }
  return found
}

export const rows = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])
/** Of the items of a Jellyfin listing. */
export const names = (answer: Answer): ReadonlyArray<unknown> =>
  rows(at(answer.value, "Items")).map((row) => at(row, "Name"))
