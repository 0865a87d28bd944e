import type { Blocked, Decision, Promotion } from "./relocation.ts"
import { promotionDetail } from "./relocationDetail.ts"
import { Donors } from "./relocationDonors.ts"
import { book, doubtful, type Fit, fitAt, type Fitting, left } from "./relocationFit.ts"
import { type Ground, isFree, isHeld, isOwn, type Judged, ownerOf, undecidedOf, wantedOf } from "./relocationJudge.ts"
import { placesOf } from "./relocationTargets.ts"
import { promoted, seedOnly, unavailable, undecided } from "./relocationWords.ts"

/**
 * What stays on the stash whatever a plan does: all of a component that is pinned there, and what libraries have. Only
 * that brings anything back: what is about to leave the stash itself is no reason.
 */
export const anchorsOf = (ground: Ground): Donors =>
  new Donors(ground.world.inventory, ground.resolved.roots, "stash", (inode) => {
    const owner = ownerOf(ground, inode)
    if (owner === undefined) return isFree(ground, inode) && isHeld(ground, inode)
    return owner.blocked === null && owner.residency.verdict === "external"
  })

const stepOf = (fitting: Fitting, { component }: Judged, fit: Fit): Promotion => {
  const { ground } = fitting
  const { inventory } = ground.world
  const donors = fit.targets.filter((target) => target >= 0)
  // The largest one says most to a person.
  const shown = donors.reduce((one, other) => ((inventory.size[other] ?? 0) > (inventory.size[one] ?? 0) ? other : one))
  const freesBytes = component.inodes.reduce(
    (sum, inode, index) =>
      fit.targets[index] !== left && isOwn(ground, inode) ? sum + (inventory.size[inode] ?? 0) : sum,
    0
  )
  return {
    kind: "promote",
    how: "views",
    from: "pool",
    to: "stash",
    freesBytes,
    views: fit.views.length,
    unproven: doubtful(fit),
    why: promoted(inventory.outside(shown)[0] ?? inventory.anyName(shown), doubtful(fit)),
    detail: () => promotionDetail(fitting, component, fit)
  }
}

const decide = (fitting: Fitting, one: Judged): readonly [Decision, Fit?] => {
  const { donors, ground } = fitting
  const { component } = one
  if (one.blocked !== null) return [one.blocked]
  const wanted = wantedOf(ground, component)
  const missing = wanted.filter((inode) => donors.best(inode, null) === undefined)
  if (missing.length > 0 || wanted.length === 0) {
    const open = undecidedOf(ground, missing)
    // Only where everything that is missing could still turn out to be there is it worth reading.
    if (missing.length === 0 || open.length < missing.length) {
      return [seedOnly(wanted.length, wanted.length - missing.length)]
    }
    for (const inode of open) ground.unhashed.add(ground.world.inventory.size[inode] ?? 0)
    return [undecided(open.length)]
  }
  if (ground.world.unavailable.stash !== null) return [unavailable(ground.world.unavailable.stash)]
  let refusal: Blocked | undefined
  for (const place of placesOf(ground.world, ground.resolved, component)) {
    const fit = fitAt(fitting, component, place)
    if (fit === undefined) continue
    if (!("kind" in fit)) return [stepOf(fitting, one, fit), fit]
    refusal ??= fit
  }
  return [refusal ?? seedOnly(wanted.length, wanted.length)]
}

/** What becomes of all that lies on the pool. */
export const promotions = (ground: Ground, anchors: Donors): ReadonlyMap<Judged, Decision> => {
  const fitting: Fitting = { ground, donors: anchors, bookings: null }
  const decisions = new Map<Judged, Decision>()
  for (const one of ground.judged) {
    if (one.component.side !== "pool") continue
    const [decision, fit] = decide(fitting, one)
    decisions.set(one, decision)
    if (fit !== undefined) book(fitting, one.component, fit)
  }
  return decisions
}
