import { display } from "../platform/BytePath.ts"
import { type Component, payloadsOf } from "./components.ts"
import type { Decision, Placement, Plan } from "./relocation.ts"
import { demotions, poolCopies } from "./relocationDemotion.ts"
import type { Donors } from "./relocationDonors.ts"
import { type Ground, groundOf } from "./relocationJudge.ts"
import { anchorsOf, promotions } from "./relocationPromotion.ts"
import { nothing } from "./relocationWords.ts"
import type { World } from "./relocationWorld.ts"

const sameFilesystem = ({ seedingDirs }: World): string | undefined => {
  const pool = new Set(seedingDirs.flatMap(({ fsid, side }) => (side === "pool" && fsid !== null ? [fsid] : [])))
  return seedingDirs.find(({ fsid, side }) => side === "stash" && fsid !== null && pool.has(fsid))?.path
}

/** Bytes of a component that the other side has too and keeps. */
const duplicated = (ground: Ground, { inodes, side }: Component, there: Donors): number => {
  const { inventory } = ground.world
  // On the stash only what no torrent of the pool needs is told: the rest is a matter of that torrent.
  const accepts = side === "pool" ? undefined : (donor: number) => (ground.componentOf[donor] ?? -1) < 0
  return inodes.reduce(
    (sum, inode) => (there.best(inode, null, accepts) === undefined ? sum : sum + (inventory.size[inode] ?? 0)),
    0
  )
}

const twins = (ground: Ground): ((component: Component) => ReadonlyArray<number>) => {
  const payloads = payloadsOf(ground.world, ground.resolved)
  const byPayload = Map.groupBy(payloads.keys(), (torrent) => payloads.get(torrent) ?? -1)
  return ({ torrents }) => {
    const own = new Set(torrents)
    const all = new Set(torrents.map((torrent) => payloads.get(torrent) ?? -1))
    return Array.from(all, (payload) => byPayload.get(payload) ?? [])
      .flat()
      .filter((torrent) => !own.has(torrent))
  }
}

const gain = ({ decision }: Placement): number => ("freesBytes" in decision ? decision.freesBytes : -1)

/** Steps before everything else; the tagged first, then what frees most. */
const inOrder = (one: Placement, other: Placement): number =>
  Number(gain(other) >= 0) - Number(gain(one) >= 0) ||
  Number(other.tagged) - Number(one.tagged) ||
  gain(other) - gain(one) ||
  (one.component.id < other.component.id ? -1 : 1)

/**
 * What is to be moved, and why everything else is not. Deterministic; applied to the world that it was made from, it
 * leaves nothing for a second plan but what stood in its own way.
 */
export const planOf = (world: World): Plan => {
  const one = sameFilesystem(world)
  if (one !== undefined) {
    const stopped = `${display(one)} of the stash lies on the filesystem of the pool: there is nothing to move between`
    return { stopped, placements: [], ignored: 0, rooms: [], unhashedSizes: [] }
  }
  const ground = groundOf(world)
  const anchors = anchorsOf(ground)
  const onPool = promotions(ground, anchors)
  const copies = poolCopies(ground, onPool)
  const { decisions: onStash, needed } = demotions(ground, anchors, copies)
  const twinsOf = twins(ground)
  const placements = ground.judged.map((judged): Placement => {
    const { component, residency, tagged } = judged
    const decision: Decision = onPool.get(judged) ?? onStash.get(judged) ?? nothing()
    const there = component.side === "pool" ? anchors : copies
    const duplicateBytes = decision.kind === "stay" ? duplicated(ground, component, there) : 0
    return { component, residency, tagged, decision, duplicateBytes, twins: twinsOf(component) }
  })
  return {
    stopped: null,
    placements: placements.toSorted(inOrder),
    ignored: ground.resolved.dirOf.reduce((sum, dir) => sum + (dir === -1 ? 1 : 0), 0),
    rooms: world.volumes.map((volume) => ({
      ...volume,
      neededBytes: needed.get(world.inventory.volumeNumber(volume.fsid)) ?? 0
    })),
    unhashedSizes: [...ground.unhashed].toSorted((one, other) => one - other)
  }
}
