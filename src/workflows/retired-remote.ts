import { Clock, Effect, Option, Result } from "effect"
import { authorize, type Condition } from "../domain/deletion.ts"
import { isRetiredItem, type RetiredRemote, retiredReason } from "../domain/deletionRetiredRemote.ts"
import { type Fact, known } from "../domain/fact.ts"
import { hashIn, hostPath, type Item, type ItemFile } from "../domain/items.ts"
import { overlap } from "../domain/paths.ts"
import type { CleanedItem } from "../domain/reports.ts"
import { followedFiles, type RetiredTitle } from "../domain/retiredTorrents.ts"
import { basename, display } from "../platform/BytePath.ts"
import { count } from "../platform/Text.ts"
import { Disk } from "../services/Disk.ts"
import { Gate } from "../services/Gate.ts"
import { TorrentClient } from "../services/TorrentClient.ts"
import { Items } from "../state/Items.ts"
import { Journal } from "../state/Journal.ts"
import { condition, ofProtection, reasonOf, type World } from "./cleanup-judge.ts"
import { settleAbsence } from "./cleanup-look.ts"
import { readRemote } from "./cleanup-remote.ts"
import { ofFollowed } from "./cleanup-retired.ts"
import type { Home } from "./cleanup-settle.ts"
import type { Setting } from "./cleanup-world.ts"
import { restoreIsOpen } from "./restored.ts"
import { unlessBack } from "./retired-back.ts"
import { retiredTitles } from "./retired-torrents.ts"

type Mode = RetiredRemote["mode"]

interface Limits {
  readonly budget: number
  readonly dryRun: boolean
  readonly home: Home
}

/** Whatever of the item lies on this host again. */
const lyingHere = Effect.fnUntraced(function* (item: Item, files: ReadonlyArray<ItemFile>, home: string) {
  const disk = yield* Disk
  const originals = files.filter(({ origin }) => origin === "original").map((file) => hostPath(item, file))
  const paths = item.kind === "rootless" ? originals : [item.path]
  const here: Array<string> = []
  for (const path of paths) {
    const fact = yield* settleAbsence(home, path, yield* disk.stat(path))
    if (fact._tag === "Unreadable") return fact
    if (fact._tag === "Known") here.push(path)
  }
  return known<ReadonlyArray<string>>(here, item.path, yield* Clock.currentTimeMillis)
})

const claimsNow = Effect.fnUntraced(function* (item: Item) {
  const client = yield* TorrentClient
  const torrents = yield* client.torrents
  const claims = torrents.filter(
    ({ contentPath, hash }) =>
      item.hashes.includes(hash) || (item.kind !== "rootless" && contentPath !== "" && overlap(contentPath, item.path))
  )
  return known<ReadonlyArray<string>>(
    claims.map(({ hash }) => hash),
    "qBittorrent",
    yield* Clock.currentTimeMillis
  )
})

const ofClaimed = (claims: Fact<ReadonlyArray<string>>): Condition => {
  const found = claims._tag === "Known" ? claims.value : []
  const met = claims._tag === "Known" && found.length === 0
  const value = met ? "none" : `a torrent of it is still in qBittorrent (${found[0]?.slice(0, 8) ?? "no list"})`
  return condition("torrents", met, value, "none that claims it", "qBittorrent")
}

/** An item that came again after its title had gone serves another wish. The one file of an item has the item's name. */
const followedBy = (item: Item, manifest: ReadonlyArray<ItemFile>, titles: ReadonlyArray<RetiredTitle>) =>
  followedFiles(
    item.hashes,
    manifest.map(({ path, size }) => ({ path: path === "" ? basename(item.path) : path, size })),
    titles.filter(({ endedAt }) => item.discoveredAt <= endedAt)
  )

/** Everything read now, as the gate is to see it. */
const gather = Effect.fnUntraced(function* (
  item: Item,
  mode: Mode,
  titles: ReadonlyArray<RetiredTitle>,
  setting: Setting,
  world: World
) {
  const items = yield* Items
  const manifest = yield* items.files(item.id)
  const owners = yield* items.ownersOf(
    manifest.map(({ remote }) => remote),
    item.id
  )
  // What another item has too stays, and this one lets go of it.
  const own = manifest.filter(({ remote }) => !owners.has(remote))
  const view = yield* readRemote([{ item, files: own }])
  const verdicts = yield* unlessBack(new Map([[item.id, followedBy(item, manifest, titles)]]))
  const followed = verdicts.get(item.id)
  const claims = yield* claimsNow(item)
  const open = yield* restoreIsOpen(item.path)
  const conditions = [
    ...ofFollowed([followed]),
    ofProtection(world.cleanup, { item, files: manifest }, [item.path]),
    ofClaimed(claims),
    condition("restored", !open, open ? "a restore of it was begun" : "no", "no restore under way", "the journal")
  ]
  const evidence: RetiredRemote = {
    _tag: "RetiredRemote",
    item: item.path,
    mode,
    state: item.state,
    retirements: (followed?.titles ?? []).map(({ endedAt, id, title }) => ({ id, title, endedAt })),
    files: own.map((file) => ({
      path: file.remote,
      size: file.size,
      hash: hashIn(file, view.kind),
      proof: file.state === "verified" ? file.proof : null,
      replica: view.replica(file)
    })),
    shared: [...owners.keys()],
    here: yield* lyingHere(item, manifest, setting.config.completedDir),
    claims,
    conditions
  }
  return { evidence, manifest, own }
})

const row = (
  item: Item,
  outcome: CleanedItem["outcome"],
  conditions: ReadonlyArray<Condition>,
  reason: string | null
): CleanedItem => ({ path: item.path, outcome, bytes: 0, reason, conditions, earliest: null })

const actOn = Effect.fnUntraced(function* (
  item: Item,
  mode: Mode,
  gathered: Effect.Success<ReturnType<typeof gather>>
) {
  const gate = yield* Gate
  const items = yield* Items
  const journal = yield* Journal
  const { evidence, manifest, own } = gathered
  const { conditions, files } = evidence
  const detail = `${mode} ${count(files.length, "file")} on the remote: its title was retired`
  const result = yield* Effect.result(journal.step("cleanup.remote", item.path, detail, gate.pass(evidence)))
  if (Result.isFailure(result)) {
    const { failure } = result
    return row(item, failure._tag === "GateRefused" ? "kept" : "failed", conditions, failure.message)
  }
  for (const { path, why } of result.success.left) yield* Effect.logWarning(`left on the remote: ${path} (${why})`)
  const view = yield* readRemote([{ item, files: own }])
  const still = own.find((file) => view.replica(file)._tag !== "Absent")
  if (still !== undefined) {
    const why = result.success.left.find(({ path }) => path === still.remote)?.why ?? "it is still listed"
    return row(item, "failed", conditions, `${still.remote} is still on the remote: ${why}`)
  }
  // Its proof stays written down, for one who brings a hidden file back; it is nobody's place any more.
  const forget = Effect.gen(function* () {
    yield* items.putFiles(manifest.map((file) => ({ ...file, state: "pending" })))
    yield* items.update(item.id, { reason: retiredReason(mode) })
  })
  yield* items.atomically(forget)
  const what = mode === "hide" ? "hidden" : "deleted"
  yield* Effect.logInfo(`${what} on the remote: ${display(item.path)}, whose title was retired`)
  return row(item, what, conditions, null)
})

/**
 * Our copies on the remote of released items whose titles were all retired, as `watched.remote` asks for. What is
 * released in a run is looked at in the next one.
 */
export const retiredRemote = Effect.fn("retired.remote")(function* (
  setting: Setting,
  world: World,
  all: ReadonlyArray<Item>,
  { budget, dryRun, home }: Limits
) {
  const rows: Array<CleanedItem> = []
  let left = budget
  const mode = setting.config.watched?.remote ?? "keep"
  const titles = mode === "keep" ? [] : yield* retiredTitles
  if (mode === "keep" || titles.length === 0) return { items: rows, budget: left }
  const hashes = new Set(titles.flatMap((title) => title.hashes))
  const items = yield* Items
  for (const one of all) {
    if (one.state !== "released" || isRetiredItem(one) || !one.hashes.some((hash) => hashes.has(hash))) continue
    const item = Option.getOrElse(yield* items.find(one.path), () => one)
    // Where more is in it than was retired it is an ordinary released item, and the remote is not asked.
    if (followedBy(item, yield* items.files(item.id), titles).why !== null) continue
    const gathered = yield* gather(item, mode, titles, setting, world)
    const { conditions } = gathered.evidence
    const authority = authorize(gathered.evidence, yield* Clock.currentTimeMillis)
    const why = !home.trusted
      ? "completedDir is not the folder that it was: is its disk mounted?"
      : (reasonOf(conditions) ?? (authority.allowed ? null : (authority.reasons[0] ?? "it is not allowed")))
    const capped = left <= 0 ? "this run has its items (cleanup.maxDeletesPerRun)" : null
    if (why !== null || capped !== null) {
      rows.push(row(item, "kept", conditions, `its copy on the remote stays: ${display(why ?? capped ?? "")}`))
      continue
    }
    const done = dryRun
      ? row(item, mode === "hide" ? "would-hide" : "would-delete", conditions, null)
      : yield* actOn(item, mode, gathered)
    rows.push(done)
    if (done.outcome !== "kept" && done.outcome !== "failed") left -= 1
  }
  return { items: rows, budget: left }
})
