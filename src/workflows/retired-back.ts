import { Effect } from "effect"
import type { Followed } from "../domain/retiredTorrents.ts"
import type { Retirement } from "../domain/retirements.ts"
import { arrTitle } from "../domain/watchedProtections.ts"
import { display } from "../platform/BytePath.ts"
import { Arr } from "../services/Arr.ts"
import { Disk } from "../services/Disk.ts"
import { Retirements } from "../state/Retirements.ts"

/** What its arr has of it now; an arr that cannot be asked is no sign that it has nothing. */
const wantedBy = Effect.fnUntraced(function* ({ arr: name, episodes, kind, titleId }: Retirement) {
  const arr = yield* Arr
  const at = arrTitle[name]
  if (!arr.configured.includes(name)) return `${at} is not configured any more, so nobody knows whether it came back`
  const ref = { arr: name, id: titleId }
  if (kind === "movie") {
    const movie = yield* arr.movie(ref)
    if (movie === null) return null
    return movie.file !== null
      ? `it is in ${at} again`
      : movie.monitored || movie.queued
        ? `${at} wants it again`
        : null
  }
  const series = yield* arr.series(ref)
  if (series === null) return null
  const own = new Set(episodes)
  const parts = series.episodes.filter(({ id }) => own.has(id))
  if (parts.some(({ fileId }) => fileId !== null)) return `it is in ${at} again`
  return parts.some(({ id, monitored }) => monitored || series.queued.has(id)) ? `${at} wants it again` : null
})

const backBy = Effect.fnUntraced(function* (row: Retirement) {
  const disk = yield* Disk
  // A library that was set up anew knows it by another number.
  for (const { path, size } of row.files) {
    const found = yield* disk.stat(path)
    if (found._tag === "Known" && found.value.fence.size === BigInt(size)) return `${display(path)} is there again`
  }
  return yield* Effect.catchTag(wantedBy(row), "ArrUnreadable", ({ message }) => Effect.succeed(message))
})

/**
 * The verdicts, once the libraries have been asked whether a title has come back since. The client keeps the torrent of
 * a title that is asked for again, with the day on which it was first added: only the library tells.
 */
export const unlessBack = Effect.fn("retired.unlessBack")(function* <K>(verdicts: ReadonlyMap<K, Followed>) {
  const asked = new Map<number, string | null>()
  const held = new Map<K, Followed>()
  if (verdicts.size === 0) return held
  const rows = new Map((yield* (yield* Retirements).retired).map((row) => [row.id, row]))
  for (const [key, verdict] of verdicts) {
    let why = verdict.why
    for (const { id } of verdict.titles) {
      if (why !== null) break
      const row = rows.get(id)
      const known = asked.get(id)
      why = known !== undefined ? known : row === undefined ? null : yield* backBy(row)
      asked.set(id, why)
    }
    held.set(key, { ...verdict, why })
  }
  return held
})
