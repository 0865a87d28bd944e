import type { Dialect, FakeTorrent } from "./qbittorrent-torrents.ts"

type Fields = Readonly<Record<string, string>>

interface Category {
  readonly savePath: string
  /** Undefined: the client's own default. */
  readonly downloadPath: string | false | undefined
  readonly limits: Readonly<Record<string, string | number>>
}

interface Answer {
  readonly status: number
  readonly body: string
}

const plain = { downloadPath: undefined, limits: {} }
const answer = (status: number, body = ""): Answer => ({ status, body })
const validName = /^(?!\/)(?!.*\/\/)(?!.*\/$)[^\\]+$/s

/** Field of a call, and its name and default in the list. */
const limits: ReadonlyArray<readonly [field: string, listed: string, fallback: string | number]> = [
  ["inactiveSeedingTimeLimit", "inactive_seeding_time_limit", -2],
  ["ratioLimit", "ratio_limit", -2],
  ["seedingTimeLimit", "seeding_time_limit", -2],
  ["shareLimitAction", "share_limit_action", "Default"],
  ["shareLimitsMode", "share_limits_mode", "Default"]
]

const limitsOf = (fields: Fields, before: Category["limits"]): Category["limits"] =>
  Object.fromEntries(
    limits.map(([field, listed, fallback]) => {
      const given = fields[field]
      if (given === undefined) return [listed, before[listed] ?? fallback]
      return [listed, typeof fallback === "number" ? Number(given) : given]
    })
  )

const downloadPathOf = (fields: Fields, before: Category["downloadPath"]): Category["downloadPath"] => {
  const enabled = fields["downloadPathEnabled"]
  return enabled === undefined ? before : enabled === "true" ? (fields["downloadPath"] ?? "") : false
}

/** The categories of a client, and the calls that change them. */
export const makeCategories = (
  given: Readonly<Record<string, string>>,
  dialect: Dialect,
  torrents: ReadonlyMap<string, FakeTorrent>,
  move: (torrent: FakeTorrent, savePath: string) => void
) => {
  const all = new Map<string, Category>()
  for (const [name, savePath] of Object.entries(given)) all.set(name, { savePath, ...plain })

  const row = (name: string, { downloadPath, limits: known, savePath }: Category) => {
    if (dialect === "5.2") {
      return { name, savePath, download_path: downloadPath ?? null, ...limitsOf({}, known) }
    }
    return { name, savePath, ...(downloadPath === undefined ? {} : { download_path: downloadPath }) }
  }

  const create = (fields: Fields): Answer => {
    const name = fields["category"] ?? ""
    if (name === "") return answer(400, "Category cannot be empty")
    if (!validName.test(name)) return answer(409, "Incorrect category name")
    if (all.has(name)) return answer(409, "Unable to create category")
    const parents = name.split("/").slice(0, -1)
    // Subcategories are on by default in the newest alone.
    if (dialect === "5.2") {
      for (const index of parents.keys()) {
        const parent = parents.slice(0, index + 1).join("/")
        if (!all.has(parent)) all.set(parent, { savePath: "", ...plain })
      }
    }
    all.set(name, {
      savePath: fields["savePath"] ?? "",
      downloadPath: downloadPathOf(fields, undefined),
      limits: limitsOf(fields, {})
    })
    return answer(200)
  }

  const edit = (fields: Fields): Answer => {
    const name = fields["category"] ?? ""
    const { savePath } = fields
    if (name === "" || savePath === undefined) return answer(400, "Category cannot be empty")
    const before = all.get(name)
    if (before === undefined) {
      return dialect === "4.5" ? answer(409, "Unable to edit category") : answer(404, "Category does not exist")
    }
    // What is not given is kept by the newest alone.
    const keeps = dialect === "5.2"
    const after: Category = {
      savePath,
      downloadPath: downloadPathOf(fields, keeps ? before.downloadPath : undefined),
      limits: limitsOf(fields, keeps ? before.limits : {})
    }
    if (dialect !== "5.2" && after.savePath === before.savePath && after.downloadPath === before.downloadPath) {
      return answer(409, "Unable to edit category")
    }
    all.set(name, after)
    for (const torrent of torrents.values()) {
      if (torrent.category === name && torrent.autoManaged === true) move(torrent, savePath)
    }
    return answer(200)
  }

  return {
    rows: () => Object.fromEntries([...all].map(([name, category]) => [name, row(name, category)])),
    create,
    edit
  }
}
