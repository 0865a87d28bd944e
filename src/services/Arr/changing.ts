import { Effect } from "effect"
import { HttpClientRequest } from "effect/http"
import type { ArrName, LibraryFile } from "../../domain/watchedWorld.ts"
import { type CallFailed, failed, failureIn, type HttpApi, saidIn } from "../../platform/HttpApi.ts"
import { ArrRefused } from "../Arr.ts"

export const deletion = "delete files"

/** Refuses what would name no file, or one of another title: the arrs look for all of them where the first one lies. */
export const ownFiles = (
  arr: ArrName,
  title: string,
  wanted: ReadonlyArray<number>,
  files: Effect.Effect<ReadonlyArray<LibraryFile>, CallFailed>
): Effect.Effect<void, Failing> =>
  Effect.gen(function* () {
    if (wanted.length === 0) return yield* new ArrRefused({ arr, act: deletion, why: "no file is named" })
    const has = new Set((yield* files).map((file) => file.id))
    const strange = wanted.find((file) => !has.has(file))
    if (strange === undefined) return
    return yield* new ArrRefused({
      arr,
      act: deletion,
      why: `file ${strange} is none of ${title}; nothing was deleted`
    })
  })

export type Failing = CallFailed | ArrRefused

const remedy = new Map([
  [401, "the API key is not accepted"],
  [403, "the API key may not do this"],
  [
    409,
    "its root folder is missing or empty: mount the disk, or mend the root folder in its settings; nothing was deleted"
  ]
])

/** Sends a change once. A clear no is ArrRefused; whatever else is no 2xx leaves open whether it was done. */
export const makeChange =
  (api: HttpApi, arr: ArrName) =>
  (act: string, method: "PUT" | "DELETE", path: string, body: unknown): Effect.Effect<void, Failing> => {
    const request = HttpClientRequest.make(method)(path)
    return Effect.gen(function* () {
      const answer = yield* api.tell(body === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, body))
      const { status } = answer
      if (status >= 200 && status < 300) {
        const page = /^\s*</u.test(new TextDecoder().decode(answer.body.subarray(0, 100)))
        return yield* page ? failed("the answer is an HTML page: is that its address?") : Effect.void
      }
      if (status < 400 || status >= 500 || status === 408 || status === 429) return yield* failureIn(answer)
      const said = saidIn(answer)
      const why = [remedy.get(status), said === "" ? undefined : `it says: ${said}`].filter((one) => one !== undefined)
      return yield* new ArrRefused({
        arr,
        act,
        why: `answered ${status}${why.length === 0 ? "" : `, ${why.join("; ")}`}`
      })
    })
  }
