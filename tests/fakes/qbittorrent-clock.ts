interface Due {
  readonly at: number
  readonly act: () => void
}

/**
 * What happens later. Whoever looks sees all that is due by then, even if this process was too busy for its timers, and
 * what follows from something is due by when that was, not by when it got its turn.
 */
export const makeClock = () => {
  let due: Array<Due> = []
  let timer: NodeJS.Timeout | undefined
  /** When what is being done now was due. */
  let within: number | undefined

  const arm = () => {
    clearTimeout(timer)
    const next = Math.min(...due.map(({ at }) => at))
    if (due.length === 0) return
    timer = setTimeout(advance, Math.max(0, next - performance.now()))
    timer.unref()
  }

  const advance = () => {
    for (;;) {
      const now = performance.now()
      const [next] = due.filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at)
      if (next === undefined) break
      due = due.filter((one) => one !== next)
      within = next.at
      next.act()
      within = undefined
    }
    arm()
  }

  return {
    advance,
    after: (millis: number, act: () => void) => {
      due.push({ at: (within ?? performance.now()) + millis, act })
      if (within === undefined) arm()
    },
    clear: () => {
      due = []
      clearTimeout(timer)
    }
  }
}
