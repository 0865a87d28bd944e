/*
 * Strict readers for large JSON answers: a schema decoder takes seconds for what these take a fraction of. Each throws
 * WrongShape, which `tryRead` of HttpApi catches.
 */

export class WrongShape extends Error {}

export type Row = Readonly<Record<string, unknown>>

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value)

const wrong = (what: string, expected: string): never => {
  throw new WrongShape(`${what} is not ${expected}`)
}

export const rowOf = (value: unknown, what: string): Row => (isRow(value) ? value : wrong(what, "an object"))

export const rowsOf = (value: unknown, what: string): ReadonlyArray<Row> =>
  Array.isArray(value) ? value.map((one: unknown) => rowOf(one, what)) : wrong(what, "a list")

/** Null where it is absent or null. */
export const childOf = (row: Row, key: string): Row | null => {
  const value = row[key]
  return value === undefined || value === null ? null : rowOf(value, key)
}

/** Empty where it is absent or null. */
export const childrenOf = (row: Row, key: string): ReadonlyArray<Row> => {
  const value = row[key]
  return value === undefined || value === null ? [] : rowsOf(value, key)
}

export const text = (row: Row, key: string): string => {
  const value = row[key]
  return typeof value === "string" ? value : wrong(key, "text")
}

/** Null where it is absent, null or empty. */
export const textOrNull = (row: Row, key: string): string | null => {
  const value = row[key]
  if (value === undefined || value === null || value === "") return null
  return typeof value === "string" ? value : wrong(key, "text")
}

export const finite = (row: Row, key: string): number => {
  const value = row[key]
  return typeof value === "number" && Number.isFinite(value) ? value : wrong(key, "a number")
}

export const integer = (row: Row, key: string): number => {
  const value = finite(row, key)
  return Number.isSafeInteger(value) ? value : wrong(key, "a whole number")
}

export const natural = (row: Row, key: string): number => {
  const value = integer(row, key)
  return value >= 0 ? value : wrong(key, "a number from 0 on")
}

export const integerOrNull = (row: Row, key: string): number | null =>
  row[key] === undefined || row[key] === null ? null : integer(row, key)

export const flag = (row: Row, key: string): boolean => {
  const value = row[key]
  return typeof value === "boolean" ? value : wrong(key, "true or false")
}

/**
 * Milliseconds since the epoch; null where it is absent, null or year 1, which .NET writes for "never". Without an offset
 * it is UTC, as all of these services keep it, and not the time of this host's zone.
 */
export const instant = (row: Row, key: string): number | null => {
  const value = textOrNull(row, key)
  if (value === null || value.startsWith("0001-")) return null
  const at = Date.parse(/T[^Z+-]+$/iu.test(value) ? `${value}Z` : value)
  return Number.isNaN(at) ? wrong(key, "a date") : at
}
