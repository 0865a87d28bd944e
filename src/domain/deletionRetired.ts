import { type Condition, ofConditions, ofFact } from "./evidence.ts"
import type { Fact } from "./fact.ts"
import { isPlain } from "./paths.ts"
import type { ArrName } from "./watchedWorld.ts"

export interface TitleFile {
  /** Of the arr. */
  readonly id: number
  /** Absolute host path. */
  readonly path: string
  /** Bytes. */
  readonly size: number
}

/**
 * The files of one title, which go through the arr that they belong to. There is one title, and so one call: files of
 * two series cannot be named here, nor none.
 */
export interface Retired {
  readonly _tag: "Retired"
  /** For people: "Andor, season 1". */
  readonly subject: string
  readonly ref: { readonly arr: ArrName; readonly id: number }
  /** Episodes that the files hold; null for a movie. */
  readonly episodes: ReadonlyArray<number> | null
  readonly files: readonly [TitleFile, ...ReadonlyArray<TitleFile>]
  /** Whether the arr has let go of it, by its own answer after it was told to. */
  readonly unmonitored: Fact<boolean>
  /** The rule that decided, when all conditions were read again. */
  readonly rule: Fact<string>
  readonly conditions: ReadonlyArray<Condition>
}

export const ofRetired = (evidence: Retired, now: number): ReadonlyArray<string> => {
  const { conditions, episodes, files, ref, rule, subject, unmonitored } = evidence
  const ids = files.map(({ id }) => id)
  return [
    ...(ids.length === 0 ? ["it names no file"] : []),
    ...(new Set(ids).size === ids.length ? [] : ["a file is named twice"]),
    ...([ref.id, ...ids, ...(episodes ?? [])].every((id) => Number.isSafeInteger(id) && id > 0)
      ? []
      : ["it names something that is no id"]),
    ...(episodes === null || episodes.length > 0 ? [] : ["it names no episode"]),
    ...files.flatMap(({ path }) => (isPlain(path) ? [] : [`${path} is not a plain absolute path`])),
    ...ofFact(unmonitored, `what ${ref.arr} does with ${subject}`, now),
    ...(unmonitored._tag === "Known" && unmonitored.value !== true ? [`${ref.arr} still monitors it`] : []),
    ...ofFact(rule, "the rule that decided", now),
    ...(rule._tag === "Known" && rule.value === "" ? ["no rule has decided"] : []),
    ...ofConditions(conditions)
  ]
}
