import { duration } from "../platform/Text.ts"

const two = (number: number) => String(number).padStart(2, "0")

/** Local time, no longer than it must be: "14:02" today, "2 Dec 14:02" within half a year, else with its year. */
export const moment = (at: number, now: number): string => {
  const date = new Date(at)
  const today = new Date(now)
  const time = `${two(date.getHours())}:${two(date.getMinutes())}`
  if (date.toDateString() === today.toDateString()) return time
  const month = date.toLocaleString("en-GB", { month: "short" })
  const day = `${date.getDate()} ${month}`
  return Math.abs(at - now) < 180 * 86_400_000 ? `${day} ${time}` : `${day} ${date.getFullYear()}`
}

/** "just now", "4 min ago", "in 3 h", "2 d ago". */
export const relative = (at: number, now: number): string => {
  const distance = Math.abs(now - at)
  if (distance < 10_000) return "just now"
  const [rough] = duration(distance < 60_000 ? distance : Math.round(distance / 60_000) * 60_000).split(/(?<=[a-z]) /)
  return at <= now ? `${rough ?? ""} ago` : `in ${rough ?? ""}`
}
