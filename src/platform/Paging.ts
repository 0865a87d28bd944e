import { Effect } from "effect"
import { type CallFailed, failed } from "./HttpApi.ts"

export interface Page<A> {
  readonly total: number
  readonly rows: ReadonlyArray<A>
}

export interface Listing<A> {
  /** Rows of a page. */
  readonly size: number
  readonly page: (start: number) => Effect.Effect<Page<A>, CallFailed>
  readonly id: (row: A) => string | number
}

const attempts = 3

const assemble = <A>(pages: ReadonlyArray<Page<A>>, total: number, id: (row: A) => string | number) => {
  if (pages.some((page) => page.total !== total)) return "its pages do not agree on how long the list is"
  if (pages.some((page) => page.rows.length === 0) && total > 0) return "a page before the end of the list is empty"
  const rows = pages.flatMap((page) => page.rows)
  const distinct = new Set(rows.map(id)).size
  return rows.length === total && distinct === total
    ? rows
    : `it says that there are ${total}, and its pages have ${rows.length}, ${distinct} of them different`
}

/**
 * A list in pages, believed only where all pages name the same total and hold exactly that many different rows; read
 * again from the start otherwise, three times at most.
 */
export const readAll = <A>({ id, page, size }: Listing<A>): Effect.Effect<ReadonlyArray<A>, CallFailed> =>
  Effect.gen(function* () {
    let moved = ""
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const first = yield* page(0)
      const starts = Array.from({ length: Math.max(0, Math.ceil(first.total / size) - 1) }, (_, at) => (at + 1) * size)
      // One after the other: the text of a page is in memory until it is read.
      const rest = yield* Effect.forEach(starts, page)
      const found = assemble([first, ...rest], first.total, id)
      if (typeof found !== "string") return found
      moved = found
    }
    return yield* failed(`paging changed while the list was read, ${attempts} times: ${moved}`)
  })
