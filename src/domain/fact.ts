/**
 * What was read from outside. A time-out, an error page, a permission or an unmounted root is `Unreadable`; it is never
 * `Absent`, and nothing that ends in a deletion accepts it.
 */
export type Fact<A> =
  | { readonly _tag: "Known"; readonly value: A; readonly source: string; readonly readAt: number }
  | { readonly _tag: "Absent"; readonly source: string; readonly readAt: number }
  | { readonly _tag: "Unreadable"; readonly source: string; readonly readAt: number; readonly why: string }

/** `readAt` is milliseconds since the epoch; `source` says where a person can look it up. */
export const known = <A>(value: A, source: string, readAt: number): Fact<A> => ({
  _tag: "Known",
  value,
  source,
  readAt
})

export const absent = <A = never>(source: string, readAt: number): Fact<A> => ({ _tag: "Absent", source, readAt })

export const unreadable = <A = never>(source: string, readAt: number, why: string): Fact<A> => ({
  _tag: "Unreadable",
  source,
  readAt,
  why
})
