import type { Component } from "./components.ts"
import { print } from "./fence.ts"
import type { Content, DemotionTarget, Detail, Existing, InodeFacts, PromotionTarget } from "./relocation.ts"
import { copied, empty, evidenceOf, type Fit, type Fitting, plannedOf } from "./relocationFit.ts"
import type { Inventory } from "./relocationInventory.ts"
import { targetOf as viewOf } from "./relocationTargets.ts"

/** The evidence of a step, spelt out: what a saga is begun with, and holds against the disk again. */

const factsOf = (inventory: Inventory, inode: number): InodeFacts => {
  const content = inventory.contents[inventory.content[inode] ?? -1] ?? null
  return {
    fsid: inventory.volumes[inventory.volume[inode] ?? 0] ?? "",
    fence: print(inventory.fence(inode)),
    size: inventory.size[inode] ?? 0,
    links: inventory.links[inode] ?? 0,
    names: inventory.names(inode),
    outside: inventory.outside(inode),
    content,
    grade: content === null ? null : inventory.isSuspect(inode) ? "suspect" : "stable"
  }
}

const detailOf = <Target>(
  { ground }: Fitting,
  component: Component,
  { place, targets, views }: Fit,
  targetOf: (target: number, index: number) => Target
): Detail<Target> => {
  const { resolved, world } = ground
  const { inventory } = world
  const torrents = component.torrents.flatMap((number) => world.members[number] ?? [])
  const files = Map.groupBy(views, (file) => resolved.inodeOf[file] ?? -1)
  return {
    fsid: inventory.volumes[place.volume] ?? "",
    torrents: torrents.map(({ torrent: { hash, name, savePath } }, index) => ({
      hash,
      name,
      from: savePath,
      to: place.savePaths[index] ?? ""
    })),
    contents: component.inodes.map((inode, index): Content<Target> => ({
      source: factsOf(inventory, inode),
      wanted: resolved.wanted[inode] === 1,
      target: targetOf(targets[index] ?? copied, index),
      views: (files.get(inode) ?? []).map((file) => viewOf(world, resolved, place, component.torrents, file))
    }))
  }
}

const existing = (fitting: Fitting, fit: Fit, target: number, index: number): Existing => {
  const { inventory } = fitting.ground.world
  return {
    kind: "existing",
    path: inventory.anyName(target),
    ...factsOf(inventory, target),
    evidence: evidenceOf(fit, index)
  }
}

export const promotionDetail = (fitting: Fitting, component: Component, fit: Fit): Detail<PromotionTarget> =>
  detailOf(fitting, component, fit, (target, index): PromotionTarget =>
    target >= 0 ? existing(fitting, fit, target, index) : { kind: target === empty ? "empty" : "left" }
  )

export const demotionDetail = (
  fitting: Fitting,
  component: Component,
  fit: Fit,
  idOf: (inode: number) => string
): Detail<DemotionTarget> =>
  detailOf(fitting, component, fit, (target, index): DemotionTarget => {
    if (target >= 0) return existing(fitting, fit, target, index)
    if (target === empty) return { kind: "empty" }
    const from = plannedOf(target)
    if (from === undefined) return { kind: "copy" }
    return {
      kind: "planned",
      step: idOf(from),
      fence: print(fitting.ground.world.inventory.fence(from)),
      evidence: evidenceOf(fit, index)
    }
  })
