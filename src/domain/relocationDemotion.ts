import type { Blocked, Decision, Demotion } from "./relocation.ts"
import { Bookings } from "./relocationBookings.ts"
import { demotionDetail } from "./relocationDetail.ts"
import { Donors } from "./relocationDonors.ts"
import { book, doubtful, type Fit, fitAt, type Fitting, plannedOf } from "./relocationFit.ts"
import { type Ground, isFree, type Judged, ownerOf, strangerOf, undecidedOf, wantedOf } from "./relocationJudge.ts"
import { placesOf } from "./relocationTargets.ts"
import { demoted, duplicate, noRoom, nothing, pinned, unavailable, unhashed, unreadRoom } from "./relocationWords.ts"

/** What lies on the pool and stays there, so that what comes may be linked to it. */
export const poolCopies = (ground: Ground, promoted: ReadonlyMap<Judged, Decision>): Donors =>
  new Donors(ground.world.inventory, ground.resolved.roots, "pool", (inode) => {
    const owner = ownerOf(ground, inode)
    if (owner === undefined) return isFree(ground, inode)
    return promoted.get(owner)?.kind === "stay"
  })

const idOf = (ground: Ground, inode: number): string => ownerOf(ground, inode)?.component.id ?? ""

const stepOf = (fitting: Fitting, { component }: Judged, fit: Fit): Demotion => {
  const { ground } = fitting
  const { inventory } = ground.world
  const after = new Set<string>()
  let found = 0
  for (const target of fit.targets) {
    const from = plannedOf(target)
    if (target >= 0) found += 1
    if (from !== undefined) after.add(idOf(ground, from))
  }
  after.delete(component.id)
  const names = component.inodes.reduce((sum, inode) => sum + (inventory.links[inode] ?? 0), 0)
  const there = fit.copies > 0 ? (found > 0 || after.size > 0 ? "some" : "none") : after.size > 0 ? "earlier" : "all"
  return {
    kind: "demote",
    how: fit.copies === 0 ? "views" : "move",
    from: "stash",
    to: "pool",
    copies: fit.copies,
    copyBytes: fit.copyBytes,
    freesBytes: component.bytes,
    views: fit.views.length,
    unproven: doubtful(fit),
    after: [...after].toSorted(),
    why: demoted(names, there, doubtful(fit)),
    detail: () => demotionDetail(fitting, component, fit, (inode) => idOf(ground, inode))
  }
}

const shortage = ({ world }: Ground, fit: Fit, needed: ReadonlyMap<number, number>): Blocked | undefined => {
  if (fit.copyBytes === 0) return undefined
  const volume = world.volumes.find(({ fsid }) => fsid === world.inventory.volumes[fit.place.volume])
  if (volume === undefined || volume.freeBytes === null) return unreadRoom()
  const { freeBytes, promisedBytes } = volume
  const takenBytes = needed.get(fit.place.volume) ?? 0
  const { reserveBytes } = world
  return fit.copyBytes <= freeBytes - promisedBytes - takenBytes - reserveBytes
    ? undefined
    : noRoom({ neededBytes: fit.copyBytes, freeBytes, promisedBytes, takenBytes, reserveBytes })
}

const away = (fitting: Fitting, one: Judged, needed: ReadonlyMap<number, number>): Blocked | Fit => {
  const { ground } = fitting
  const { resolved, world } = ground
  if (world.unavailable.pool !== null) return unavailable(world.unavailable.pool)
  const stranger = strangerOf(ground, one.component)
  if (stranger !== undefined) return stranger
  let best: Fit | undefined
  let refusal: Blocked | undefined
  for (const place of placesOf(world, resolved, one.component)) {
    const fit = fitAt(fitting, one.component, place)
    if (fit === undefined) continue
    if ("kind" in fit) {
      refusal ??= fit
      continue
    }
    const reason = shortage(ground, fit, needed)
    if (reason !== undefined) refusal ??= reason
    else if (best === undefined || fit.copyBytes < best.copyBytes) best = fit
  }
  return best ?? refusal ?? unavailable(null)
}

/** What keeps a component on the stash before it is asked where it would go; undefined when nothing does. */
const kept = (
  { donors, ground }: Fitting,
  { blocked, component, residency }: Judged,
  anchors: Donors
): Decision | undefined => {
  // Of what is pinned nothing more need be known.
  if (residency.pinned > 0 && (blocked === null || blocked.by === "unknown")) return pinned(residency)
  if (blocked !== null) return blocked
  if (component.bytes === 0) return nothing()
  const { inventory, seedingDirs } = ground.world
  const wanted = wantedOf(ground, component)
  for (const { fsid, side } of wanted.length === 0 ? [] : seedingDirs) {
    if (side === "pool" || fsid === null) continue
    const volume = inventory.volumeNumber(fsid)
    const [twin, ...others] = wanted.map((inode) => anchors.best(inode, volume)?.inode)
    if (twin !== undefined && !others.includes(undefined)) {
      return duplicate(inventory.outside(twin)[0] ?? inventory.anyName(twin))
    }
  }
  const unread = undecidedOf(ground, component.inodes).filter((inode) => donors.best(inode, null) === undefined)
  for (const inode of unread) ground.unhashed.add(inventory.size[inode] ?? 0)
  return unread.length === 0 ? undefined : unhashed(unread.length)
}

export interface Demotions {
  readonly decisions: ReadonlyMap<Judged, Decision>
  /** Bytes that are copied, by number of the filesystem. */
  readonly needed: ReadonlyMap<number, number>
}

/** What becomes of all that lies on the stash: the tagged first, then what frees most. */
export const demotions = (ground: Ground, anchors: Donors, copies: Donors): Demotions => {
  const fitting: Fitting = {
    ground,
    donors: copies,
    bookings: new Bookings(ground.world.inventory, ground.resolved.roots)
  }
  const decisions = new Map<Judged, Decision>()
  const needed = new Map<number, number>()
  const leaving = ground.judged.filter((one) => {
    const reason = one.component.side === "stash" ? kept(fitting, one, anchors) : undefined
    if (reason !== undefined) decisions.set(one, reason)
    return one.component.side === "stash" && reason === undefined
  })
  leaving.sort(
    (one, other) =>
      Number(other.tagged) - Number(one.tagged) ||
      other.component.bytes - one.component.bytes ||
      (one.component.id < other.component.id ? -1 : 1)
  )
  for (const one of leaving) {
    const fit = away(fitting, one, needed)
    if ("kind" in fit) {
      decisions.set(one, fit)
      continue
    }
    decisions.set(one, stepOf(fitting, one, fit))
    book(fitting, one.component, fit)
    needed.set(fit.place.volume, (needed.get(fit.place.volume) ?? 0) + fit.copyBytes)
  }
  return { decisions, needed }
}
