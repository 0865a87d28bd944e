import { Effect } from "effect"
import { HttpClientRequest } from "effect/http"
import { type CallFailed, failureIn, type HttpApi, tryRead } from "../../platform/HttpApi.ts"
import { text } from "../../platform/JsonRow.ts"
import { idOf, uuidOf } from "./items.ts"
import { batches, type Listings } from "./listing.ts"

export const makeCollections = (api: HttpApi, listings: Listings) => {
  const change = (request: HttpClientRequest.HttpClientRequest) =>
    Effect.flatMap(api.tell(request), (answer) =>
      answer.status === 200 || answer.status === 204 ? Effect.void : Effect.fail(failureIn(answer))
    )

  const find = (userId: string, name: string) =>
    listings
      .items(
        userId,
        { includeItemTypes: "BoxSet" },
        (row) => ({ id: idOf(row), name: text(row, "Name") }),
        ({ id }) => id
      )
      .pipe(
        Effect.map((sets) =>
          sets
            .filter((set) => set.name === name)
            .map(({ id }) => id)
            .toSorted()
            .at(0)
        )
      )

  const children = (userId: string, id: string) =>
    listings.items(userId, { parentId: id }, idOf, (child) => child).pipe(Effect.map((ids) => new Set(ids)))

  return Effect.fnUntraced(function* (
    userId: string,
    name: string,
    wanted: ReadonlyArray<string>
  ): Effect.fn.Return<void, CallFailed> {
    const ids = yield* tryRead(() => [...new Set(wanted.map(uuidOf))])
    const found = yield* find(userId, name)
    if (found === undefined && ids.length === 0) return
    if (found === undefined) {
      const [first = [], ...rest] = batches(ids)
      const request = HttpClientRequest.post("/Collections", { urlParams: { name, ids: first.join(",") } })
      const answer = yield* api.tell(request)
      if (answer.status !== 200) return yield* failureIn(answer)
      const made = rest.length === 0 ? undefined : yield* find(userId, name)
      // A collection that is not listed yet gets the rest in the next run.
      if (made === undefined) return
      for (const batch of rest) {
        yield* change(HttpClientRequest.post(`/Collections/${made}/Items`, { urlParams: { ids: batch.join(",") } }))
      }
      return
    }
    const has = yield* children(userId, found)
    const path = `/Collections/${found}/Items`
    for (const batch of batches(ids.filter((id) => !has.has(id)))) {
      yield* change(HttpClientRequest.post(path, { urlParams: { ids: batch.join(",") } }))
    }
    const keep = new Set(ids)
    for (const batch of batches([...has].filter((id) => !keep.has(id)))) {
      yield* change(HttpClientRequest.delete(path, { urlParams: { ids: batch.join(",") } }))
    }
  })
}
