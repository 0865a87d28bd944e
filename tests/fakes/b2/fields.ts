import { badRequest } from "./errors.ts"

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A JSON object from outside; reading what is missing or of another type throws 400. */
export class Fields {
  readonly #values: Record<string, unknown>

  constructor(values: Record<string, unknown>) {
    this.#values = values
  }

  static parse(text: string): Fields {
    let value: unknown
    try {
      value = text === "" ? {} : JSON.parse(text)
    } catch {
      throw badRequest("Request body is not JSON")
    }
    if (!isRecord(value)) throw badRequest("Request body is not a JSON object")
    return new Fields(value)
  }

  optionalString(key: string): string | undefined {
    const value = this.#values[key]
    if (value === undefined || value === null) return undefined
    if (typeof value !== "string") throw badRequest(`${key} must be a string`)
    return value
  }

  string(key: string): string {
    const value = this.optionalString(key)
    if (value === undefined) throw badRequest(`required field ${key} is missing`)
    return value
  }

  optionalNumber(key: string): number | undefined {
    const value = this.#values[key]
    if (value === undefined || value === null) return undefined
    if (typeof value !== "number") throw badRequest(`${key} must be a number`)
    return value
  }

  number(key: string): number {
    const value = this.optionalNumber(key)
    if (value === undefined) throw badRequest(`required field ${key} is missing`)
    return value
  }

  boolean(key: string): boolean {
    return this.#values[key] === true
  }

  strings(key: string): ReadonlyArray<string> {
    const value = this.#values[key]
    if (!Array.isArray(value)) throw badRequest(`${key} must be an array`)
    return value.map((item: unknown) => {
      if (typeof item !== "string") throw badRequest(`${key} must be an array of strings`)
      return item
    })
  }

  has(key: string): boolean {
    return this.#values[key] !== undefined && this.#values[key] !== null
  }

  records(key: string): ReadonlyArray<Record<string, unknown>> {
    const value = this.#values[key]
    return Array.isArray(value) ? value.filter(isRecord) : []
  }

  stringRecord(key: string): Record<string, string> {
    const value = this.#values[key] ?? {}
    if (!isRecord(value)) throw badRequest(`${key} must be an object`)
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        if (typeof item !== "string") throw badRequest(`${key}.${name} must be a string`)
        return [name, item]
      })
    )
  }
}
