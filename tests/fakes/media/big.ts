import { makeMovie } from "./movie.ts"
import { makeSeries } from "./series.ts"
import { day, type Making } from "./titles.ts"
import { touch } from "./state.ts"

export interface Amount {
  readonly movies: number
  readonly episodes: number
  /** 10 by default. */
  readonly perSeason?: number
  /** 5 by default. */
  readonly seasons?: number
  /** One of how many titles the first user has watched, 20 days ago; 10 by default, 0 is none. */
  readonly watchedEach?: number
}

/** Many titles, as quickly as they can be made: no file is written, and answers are kept as text from now on. */
export const populate = (making: Making, amount: Amount): void => {
  const { state } = making
  const { movies, episodes, perSeason = 10, seasons = 5, watchedEach = 10 } = amount
  const now = state.now()
  const [first] = state.jellyfin.users.values()
  const watchedBy = (index: number) =>
    first !== undefined && watchedEach > 0 && index % watchedEach === 0 ? { [first.name]: now - 20 * day } : {}
  state.keepsAnswers = true
  for (let index = 0; index < movies; index += 1) {
    makeMovie(making, {
      title: `Film ${index}`,
      tmdb: 1_000_000 + index,
      imdb: `tt${1_000_000 + index}`,
      watchedBy: watchedBy(index)
    })
  }
  const each = perSeason * seasons
  for (let index = 0; index * each < episodes; index += 1) {
    const left = Math.min(each, episodes - index * each)
    const parts = Array.from({ length: Math.ceil(left / perSeason) }, (_, part) => [
      part + 1,
      { episodes: Math.min(perSeason, left - part * perSeason), watchedBy: watchedBy(index + part) }
    ])
    makeSeries(making, {
      title: `Series ${index}`,
      tvdb: 2_000_000 + index,
      tmdb: 3_000_000 + index,
      seasons: Object.fromEntries(parts)
    })
  }
  touch(state)
}
