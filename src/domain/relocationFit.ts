import { basename, dirname, display, join } from "../platform/BytePath.ts"
import type { Component } from "./components.ts"
import { ancestorsOf } from "./paths.ts"
import type { Blocked } from "./relocation.ts"
import type { Bookings } from "./relocationBookings.ts"
import type { Donors, Evidence } from "./relocationDonors.ts"
import type { Inventory } from "./relocationInventory.ts"
import type { Ground } from "./relocationJudge.ts"
import { nameOf, type Place, positionOf, targetOf, viewsOf } from "./relocationTargets.ts"
import { occupied } from "./relocationWords.ts"

/** What becomes of an inode: a donor's number, one of these, or (from `plannedFrom` down) what is copied from an inode. */
export const copied = -1
export const empty = -2
export const left = -3
const plannedFrom = -10

const asPlanned = (inode: number): number => plannedFrom - inode
/** The inode whose copy it waits for; undefined where it waits for none. */
export const plannedOf = (target: number): number | undefined =>
  target <= plannedFrom ? plannedFrom - target : undefined

/**
 * Files smaller than this are not worth a shared inode with a component that shares nothing else: a text file that every
 * release of a group carries would tie them all together for good.
 */
const worthSharing = 1024 ** 2

export interface Fit {
  readonly place: Place
  /** Numbers of the files whose names are made there. */
  readonly views: ReadonlyArray<number>
  /** By position in the component's inodes. */
  readonly targets: Int32Array
  /** By position as well: how far a target is believed to hold the same, as a position in `evidences`. */
  readonly belief: Uint8Array
  readonly copies: number
  readonly copyBytes: number
}

const evidences: ReadonlyArray<Evidence> = ["stable", "suspect", "claimed"]
const beliefIn = (evidence: Evidence): number => evidences.indexOf(evidence)

export const evidenceOf = ({ belief }: Fit, index: number): Evidence => evidences[belief[index] ?? 2] ?? "claimed"

export const doubtful = ({ belief }: Fit): number => belief.reduce((sum, one) => sum + (one === 0 ? 0 : 1), 0)

export interface Fitting {
  readonly ground: Ground
  readonly donors: Donors
  /** What the steps copy; null where nothing may be copied. */
  readonly bookings: Bookings | null
}

/** A file where a folder would have to be. */
const fileAbove = (inventory: Inventory, path: string): string | undefined => {
  for (const at of [path, ...ancestorsOf(path)]) {
    const folder = inventory.folderAt(dirname(at))
    if (folder >= 0) return inventory.entryIn(folder, basename(at)) < 0 ? undefined : at
  }
  return undefined
}

/** Which inodes lie at their new path already; or what else does. */
const inPlace = (
  { donors, ground: { resolved, world } }: Fitting,
  { torrents }: Component,
  place: Place,
  views: ReadonlyArray<number>
): Map<number, number> | Blocked => {
  const { inventory, members } = world
  const found = new Map<number, number>()
  let last = { inner: "", savePath: "", folder: -1 }
  for (const file of views) {
    const position = torrents.length === 1 ? 0 : positionOf(resolved.start, torrents, file)
    const name = nameOf(world, resolved, torrents[position] ?? 0, file)
    const slash = name.lastIndexOf("/") + 1
    const inner = name.slice(0, slash)
    const savePath = place.savePaths[position] ?? ""
    if (last.inner !== inner || last.savePath !== savePath) {
      const path = slash === 0 ? savePath : join(savePath, inner.slice(0, -1))
      const obstacle = inventory.obstacleAt(path)
      if (obstacle !== undefined) return occupied(`${display(obstacle.path)} is in the way: ${obstacle.what}`)
      last = { inner, savePath, folder: inventory.folderAt(path) }
      const above = last.folder < 0 ? fileAbove(inventory, path) : undefined
      if (above !== undefined) return occupied(`another file lies at ${display(above)}`)
    }
    if (last.folder < 0) continue
    const inode = resolved.inodeOf[file] ?? -1
    const entry = inventory.entryIn(last.folder, name.slice(slash))
    const path = join(savePath, name)
    if (entry < 0) {
      if (inventory.folderAt(path) >= 0) return occupied(`there is a folder at ${display(path)}`)
      const obstacle = inventory.obstacleAt(path)
      if (obstacle !== undefined) return occupied(`${display(obstacle.path)} is in the way: ${obstacle.what}`)
      continue
    }
    const other = inventory.inodeOf[entry] ?? -1
    if (donors.match(inode, other) === undefined || (found.get(inode) ?? other) !== other) {
      const owner = members[(resolved.owner[entry] ?? 0) - 1]
      const whose = owner === undefined ? "" : ` of ${display(owner.torrent.name)}`
      return occupied(`another file${whose} lies at ${display(path)}`)
    }
    found.set(inode, other)
  }
  return found
}

/** Positions of the largest inodes first: what they are linked with decides for the small ones. */
const bySize = ({ size }: { readonly size: Float64Array }, inodes: ReadonlyArray<number>) => {
  const order = Array.from(inodes.keys())
  if (order.length < 2) return order
  return order.toSorted((one, other) => (size[inodes[other] ?? 0] ?? 0) - (size[inodes[one] ?? 0] ?? 0))
}

/** What an inode becomes: its target, and how far that is believed. */
type Choice = readonly [target: number, evidence: Evidence]

/**
 * What each inode of a component would become at a place. Nothing is copied where there are no bookings: undefined then
 * says that something is not there.
 */
export const fitAt = (fitting: Fitting, component: Component, place: Place): Fit | Blocked | undefined => {
  const { bookings, donors, ground } = fitting
  const { componentOf, resolved, taken, world } = ground
  const { inventory } = world
  const { inodes } = component
  const views = viewsOf(world, resolved, component, place, taken)
  if (typeof views === "string") return occupied(views)
  const there = inPlace(fitting, component, place, views)
  if (!(there instanceof Map)) return there
  const own = componentOf[inodes[0] ?? -1] ?? -1
  const joined = new Set<number>([-1, own])
  const relates = (inode: number) => joined.has(componentOf[inode] ?? -1)
  const order = bySize(inventory, inodes)
  const largest = inventory.size[inodes[order[0] ?? 0] ?? 0] ?? 0
  const tentative: Array<number> = []

  const choose = (inode: number): Choice | undefined => {
    const size = inventory.size[inode] ?? 0
    const small = size < worthSharing && size < largest
    const here = there.get(inode)
    if (here !== undefined) return [here, donors.match(inode, here) ?? "claimed"]
    if (size === 0) return [empty, "stable"]
    const donor =
      donors.best(inode, place.volume, small ? relates : undefined) ??
      (small && bookings === null ? donors.best(inode, place.volume) : undefined)
    if (donor !== undefined) return [donor.inode, donor.evidence]
    if (bookings === null) return resolved.wanted[inode] === 1 ? undefined : [left, "stable"]
    const earlier = bookings.find(inode, place.volume)
    if (earlier === undefined || (small && !relates(earlier))) {
      if (bookings.add(inode, place.volume)) tentative.push(inode)
      return [copied, "stable"]
    }
    const suspect = inventory.isSuspect(inode) || inventory.isSuspect(earlier)
    return [asPlanned(earlier), (inventory.content[inode] ?? -1) < 0 ? "claimed" : suspect ? "suspect" : "stable"]
  }

  const targets = new Int32Array(inodes.length)
  const belief = new Uint8Array(inodes.length)
  let copies = 0
  let copyBytes = 0
  let leaves = false
  for (const index of order) {
    const inode = inodes[index] ?? 0
    const choice = choose(inode)
    if (choice === undefined) return undefined
    const [target, evidence] = choice
    targets[index] = target
    belief[index] = beliefIn(evidence)
    joined.add(componentOf[target >= 0 ? target : (plannedOf(target) ?? inode)] ?? -1)
    leaves ||= target === left
    if (target !== copied) continue
    copies += 1
    copyBytes += inventory.size[inode] ?? 0
  }
  for (const inode of tentative) bookings?.remove(inode, place.volume)
  const isLeft = (file: number) => targets[inodes.indexOf(resolved.inodeOf[file] ?? -1)] === left
  return { place, views: leaves ? views.filter((file) => !isLeft(file)) : views, targets, belief, copies, copyBytes }
}

/** Books what a step will have put there, for those after it. */
export const book = ({ bookings, ground }: Fitting, component: Component, fit: Fit): void => {
  const { resolved, taken, world } = ground
  for (const [index, inode] of component.inodes.entries()) {
    if (fit.targets[index] === copied) bookings?.add(inode, fit.place.volume)
  }
  for (const file of taken === null ? [] : fit.views) {
    const { target } = targetOf(world, resolved, fit.place, component.torrents, file)
    taken?.set(target, resolved.inodeOf[file] ?? -1)
  }
}
