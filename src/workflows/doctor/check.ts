/** What doctor found about one thing. */
export interface Check {
  readonly area:
    | "Programs"
    | "Directories"
    | "Storage"
    | "Credentials"
    | "qBittorrent"
    | "Remote"
    | "Watched"
    | "Database"
  readonly name: string
  /** `warning` is worth a look and stops nothing; `problem` makes doctor exit with 1. */
  readonly outcome: "ok" | "warning" | "problem"
  readonly detail: string
  /** What to do; null when all is well. */
  readonly remedy: string | null
}

const made =
  (outcome: Check["outcome"]) =>
  (area: Check["area"], name: string, detail: string, remedy: string): Check => ({
    area,
    name,
    outcome,
    detail,
    remedy
  })

export const ok = (area: Check["area"], name: string, detail: string): Check => ({
  area,
  name,
  outcome: "ok",
  detail,
  remedy: null
})
export const warning = made("warning")
export const problem = made("problem")
