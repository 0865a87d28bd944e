import { Clock, Effect } from "effect"
import { lstatSync } from "node:fs"
import type { Retired, TitleFile } from "../../domain/deletionRetired.ts"
import { display, toBytes } from "../../platform/BytePath.ts"
import type { Arr } from "../Arr.ts"
import type { Freed } from "../Gate.ts"

/** Nothing was deleted: the arr would not, or what it has is not what the evidence says. */
export class Kept {
  readonly _tag = "Kept"
  readonly reasons: ReadonlyArray<string>
  constructor(reasons: ReadonlyArray<string>) {
    this.reasons = reasons
  }
}
/** It may or may not be gone. */
export class Undecided {
  readonly _tag = "Undecided"
  readonly why: string
  constructor(why: string) {
    this.why = why
  }
}

/** How long the arr and the disk are given to show that it is gone, in milliseconds. */
const patience = 3000

const hasParts = (series: {
  readonly episodes: ReadonlyArray<{ readonly id: number; readonly monitored: boolean }>
}) => {
  const monitored = new Set(series.episodes.filter((episode) => episode.monitored).map(({ id }) => id))
  return (episodes: ReadonlyArray<number>) => episodes.some((id) => monitored.has(id))
}

/** What the arr has of the title now; no files where it does not know the title any more. */
const look = Effect.fnUntraced(
  function* (arr: Arr["Service"], { episodes, ref }: Retired) {
    if (episodes === null) {
      const movie = yield* arr.movie(ref)
      return {
        files: movie === null || movie.file === null ? [] : [movie.file],
        monitored: movie?.monitored === true,
        others: []
      }
    }
    const series = yield* arr.series(ref)
    if (series === null) return { files: [], monitored: false, others: [] }
    const covered = new Set(episodes)
    return {
      files: series.files,
      monitored: hasParts(series)(episodes),
      // What a file holds that was not judged.
      others: series.episodes
        .filter(({ id, fileId }) => fileId !== null && !covered.has(id))
        .map(({ fileId }) => fileId)
    }
  },
  (effect) => Effect.mapError(effect, (error) => new Undecided(error.message))
)

/** Bytes that its deletion gives back to the disk; its size where this host does not see it. */
const worthOf = ({ path, size }: TitleFile): number => {
  try {
    return lstatSync(toBytes(path)).nlink > 1 ? 0 : size
  } catch {
    return size
  }
}

/** A disk that this host cannot look at says nothing: then the arr's word counts. */
const isSeen = (path: string): boolean => {
  try {
    return lstatSync(toBytes(path), { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}

/** Deletes a title's files in one call, and looks: neither the arr nor the disk may have them any more. */
export const retire = Effect.fnUntraced(function* (arr: Arr["Service"], evidence: Retired) {
  const { files, ref } = evidence
  const before = yield* look(arr, evidence)
  const there = new Map(before.files.map((file) => [file.id, file]))
  const reasons = [
    ...(before.monitored ? [`${ref.arr} monitors it again`] : []),
    ...files.flatMap(({ id, path, size }) => {
      const file = there.get(id)
      return file === undefined || (file.path === path && file.size === size)
        ? []
        : [`${display(path)} is another file`]
    }),
    ...files.filter(({ id }) => before.others.includes(id)).map(({ path }) => `${display(path)} holds another episode`)
  ]
  if (reasons.length > 0) return yield* Effect.fail(new Kept(reasons))
  const present = files.filter(({ id }) => there.has(id))
  const worth = present.reduce((sum, file) => sum + worthOf(file), 0)
  if (present.length > 0) {
    yield* arr
      .deleteFiles(
        ref,
        present.map(({ id }) => id)
      )
      .pipe(
        Effect.catchTags({
          ArrRefused: (error) => Effect.fail(new Kept([error.message])),
          // It may have been done all the same.
          ArrUnreadable: (error) => Effect.logWarning(error.message)
        })
      )
  }
  const until = (yield* Clock.currentTimeMillis) + patience
  for (;;) {
    const now = yield* look(arr, evidence)
    const listed = files.filter(({ id }) => now.files.some((file) => file.id === id))
    const seen = files.filter(({ path }) => isSeen(path))
    if (listed.length === 0 && seen.length === 0) break
    if ((yield* Clock.currentTimeMillis) >= until) {
      const [still] = listed.length > 0 ? listed : seen
      const where =
        listed.length > 0 ? `${ref.arr} still lists` : `${ref.arr} has let go of it, but on the disk there is still`
      return yield* Effect.fail(new Undecided(`${where} ${display(still?.path ?? "a file of it")}`))
    }
    yield* Effect.sleep("250 millis")
  }
  return { files: present.length, bytes: worth, left: [] } satisfies Freed
})
