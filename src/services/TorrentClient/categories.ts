import { Effect } from "effect"
import { HttpClientRequest } from "effect/http"
import { display } from "../../platform/BytePath.ts"
import { CategoryRefused, NoClientPath, type TorrentClientRefused } from "../TorrentClient.ts"
import { type Answer, CallFailed, filterDone } from "./http.ts"
import { canonical, makeClientPath, makePathMapper } from "./paths.ts"
import { type CategoryRow, decodeCategories, decodeManagedRows } from "./wire.ts"

type Failing = CallFailed | TorrentClientRefused
type Fields = Readonly<Record<string, string>>

interface Calls {
  readonly readText: (path: string, urlParams?: Fields) => Effect.Effect<string, Failing>
  /** Sends it once, whatever the answer is. */
  readonly tell: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Answer, Failing>
  readonly pathMap: Readonly<Record<string, string>>
}

/** What the list calls an option, and what an edit calls it. */
const optionNames = [
  ["ratio_limit", "ratioLimit"],
  ["seeding_time_limit", "seedingTimeLimit"],
  ["inactive_seeding_time_limit", "inactiveSeedingTimeLimit"],
  ["share_limit_action", "shareLimitAction"],
  ["share_limits_mode", "shareLimitsMode"]
] as const

/** The fields of an edit that leave a category's other options alone: what is not sent, 4.x takes for the default. */
const unchanged = (row: CategoryRow): Fields => {
  const { download_path: downloadPath } = row
  const fields: Record<string, string> = {}
  if (typeof downloadPath === "string") {
    fields["downloadPathEnabled"] = "true"
    fields["downloadPath"] = downloadPath
  } else if (downloadPath === false) {
    fields["downloadPathEnabled"] = "false"
  }
  for (const [listed, sent] of optionNames) {
    const value = row[listed]
    if (typeof value === "string" || typeof value === "number") fields[sent] = String(value)
  }
  return fields
}

/** Answers that say no: sending the same again would be answered the same. */
const refusals = new Set([400, 404, 409])

const reasonOf = (answer: Answer): string =>
  new TextDecoder().decode(answer.body.subarray(0, 200)).trim() || `answered ${answer.status}`

export const makeCategories = ({ pathMap, readText, tell }: Calls) => {
  const toHost = makePathMapper(pathMap)
  const toClient = makeClientPath(pathMap)

  const rows = readText("/torrents/categories").pipe(
    Effect.flatMap(decodeCategories),
    Effect.map((record) => new Map(Object.entries(record)))
  )

  const defaultSavePath = Effect.flatMap(readText("/app/defaultSavePath"), (path) => {
    const usable = canonical(path.trim())
    return usable === undefined
      ? Effect.fail(new CallFailed({ why: "its default save path is no absolute path", transient: false }))
      : Effect.succeed(usable)
  })

  const all = Effect.gen(function* () {
    const entries = [...(yield* rows)]
    // A category's path may be relative to the default one.
    const isRelative = ([, { savePath }]: (typeof entries)[number]) => savePath !== "" && !savePath.startsWith("/")
    const base = entries.some(isRelative) ? yield* defaultSavePath : ""
    const categories = new Map<string, string>()
    for (const entry of entries) {
      const [name, { savePath }] = entry
      const absolute = savePath === "" ? "" : canonical(isRelative(entry) ? `${base}/${savePath}` : savePath)
      if (absolute === undefined) {
        return yield* new CallFailed({
          why: `the save path of category ${display(name)} is no plain path`,
          transient: false
        })
      }
      categories.set(name, absolute === "" ? "" : toHost(absolute))
    }
    return categories
  })

  const change = Effect.fnUntraced(function* (path: string, name: string, hostPath: string, options: Fields) {
    const savePath = toClient(hostPath)
    if (savePath === undefined) return yield* new NoClientPath({ path: hostPath })
    const unseen = new CallFailed({ why: `category ${display(name)} is still not as it was set`, transient: false })
    const request = HttpClientRequest.post(path).pipe(
      HttpClientRequest.bodyUrlParams({ ...options, category: name, savePath })
    )
    const told = Effect.gen(function* () {
      const answer = yield* tell(request)
      if (refusals.has(answer.status)) return new CategoryRefused({ category: name, why: reasonOf(answer) })
      yield* filterDone(answer)
      return unseen
    })
    const problem = yield* Effect.catchTag(told, "CallFailed", (error) => Effect.succeed(error))
    // Whether it was carried out is not in the answer, which may be lost, but in the list. 4.x refuses what is so already.
    const row = (yield* rows).get(name)
    if (row === undefined || canonical(row.savePath) !== savePath) return yield* problem
  })

  return {
    all,
    create: (name: string, savePath: string) => change("/torrents/createCategory", name, savePath, {}),
    edit: Effect.fnUntraced(function* (name: string, savePath: string) {
      const row = (yield* rows).get(name)
      if (row === undefined) return yield* new CategoryRefused({ category: name, why: "there is none of that name" })
      yield* change("/torrents/editCategory", name, savePath, unchanged(row))
    }),
    autoManaged: Effect.gen(function* () {
      const counts = new Map<string, number>()
      for (const { auto_tmm, category } of yield* Effect.flatMap(readText("/torrents/info"), decodeManagedRows)) {
        if (auto_tmm) counts.set(category, (counts.get(category) ?? 0) + 1)
      }
      return counts
    })
  }
}
