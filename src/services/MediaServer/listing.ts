import { Effect } from "effect"
import { type CallFailed, failed, type HttpApi, type Params, tryRead } from "../../platform/HttpApi.ts"
import { natural, type Row, rowOf, rowsOf } from "../../platform/JsonRow.ts"
import { readAll } from "../../platform/Paging.ts"

/** Rows of a page: what one answer holds in memory is a few MiB. */
export const pageSize = 1000

// An address may have 8 KiB, and an id with its comma takes 35 characters of it.
const batchSize = 100

export const batches = (ids: ReadonlyArray<string>): ReadonlyArray<ReadonlyArray<string>> =>
  Array.from({ length: Math.ceil(ids.length / batchSize) }, (_, at) => ids.slice(at * batchSize, (at + 1) * batchSize))

// By date first, so that what is added meanwhile comes last and moves nothing.
const order = { sortBy: "DateCreated,SortName", sortOrder: "Ascending" }

const pageOf = <A>(path: string, params: Params, read: (row: Row) => A, api: HttpApi) =>
  Effect.flatMap(api.json(path, params), (answer) =>
    tryRead(() => {
      const row = rowOf(answer, "the answer")
      return { total: natural(row, "TotalRecordCount"), rows: rowsOf(row["Items"], "Items").map(read) }
    })
  )

export const makeListings = (api: HttpApi) => ({
  /** Of one user's view, always: without a user's id Jellyfin lists everything and knows of no viewing. */
  items: <A>(
    userId: string,
    params: Params,
    read: (row: Row) => A,
    id: (row: A) => string,
    size = pageSize
  ): Effect.Effect<ReadonlyArray<A>, CallFailed> =>
    readAll({
      size,
      id,
      page: (start) =>
        pageOf(
          "/Items",
          {
            ...order,
            ...params,
            userId,
            recursive: true,
            collapseBoxSetItems: false,
            enableImages: false,
            enableTotalRecordCount: true,
            startIndex: start,
            limit: size
          },
          read,
          api
        )
    }),

  /** In one answer: a limit would also limit how many series Jellyfin looks at. */
  nextUp: (userId: string, read: (row: Row) => string): Effect.Effect<ReadonlyArray<string>, CallFailed> =>
    Effect.gen(function* () {
      const params = { userId, enableImages: false, enableUserData: false, enableTotalRecordCount: true }
      const { rows, total } = yield* pageOf("/Shows/NextUp", params, read, api)
      if (rows.length === total) return rows
      return yield* failed(`its Next Up says that there are ${total} episodes, and has ${rows.length}`)
    })
})

export type Listings = ReturnType<typeof makeListings>
