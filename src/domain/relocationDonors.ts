import type { Inventory } from "./relocationInventory.ts"
import type { Side } from "./relocationWorld.ts"
import { isLinkedOutside } from "./residency.ts"

/** How far it is believed that two inodes hold the same: `claimed` is what their torrents say, not what was read. */
export type Evidence = "stable" | "suspect" | "claimed"

export interface Donor {
  readonly inode: number
  readonly evidence: Evidence
}

/** A content that thousands of torrents carry (a text file of a release group) is not searched to its end. */
const patience = 100

/** Inodes of one side whose content may stand in for the same content elsewhere. */
export class Donors {
  readonly #inventory: Inventory
  readonly #roots: ReadonlyMap<number, string>
  readonly #accepted: Uint8Array
  readonly #head: Int32Array
  readonly #next: Int32Array
  readonly #byRoot = new Map<string, Array<number>>()

  constructor(
    inventory: Inventory,
    roots: ReadonlyMap<number, string>,
    side: Side,
    accepts: (inode: number) => boolean
  ) {
    this.#inventory = inventory
    this.#roots = roots
    this.#accepted = new Uint8Array(inventory.inodes)
    this.#head = new Int32Array(inventory.contents.length).fill(-1)
    this.#next = new Int32Array(inventory.inodes).fill(-1)
    // The best last, so that it is the first in its list: what was hashed for certain, then what a library uses, since
    // that stays longest, then what torrents use already.
    const ranks: ReadonlyArray<Array<number>> = Array.from({ length: 8 }, () => [])
    for (let inode = 0; inode < inventory.inodes; inode++) {
      const size = inventory.size[inode] ?? 0
      if (inventory.side(inode) !== side || inventory.raced.has(inode) || !accepts(inode)) continue
      this.#accepted[inode] = 1
      if (size === 0 || ((inventory.content[inode] ?? -1) < 0 && !roots.has(inode))) continue
      const rank =
        (inventory.isSuspect(inode) ? 4 : 0) +
        (isLinkedOutside(inventory, inode) ? 0 : 2) +
        (inventory.firstEntry(inode) >= 0 ? 0 : 1)
      ranks[rank]?.push(inode)
    }
    for (const inode of ranks.toReversed().flatMap((rank) => rank.toReversed())) {
      const content = inventory.content[inode] ?? -1
      if (content >= 0) {
        this.#next[inode] = this.#head[content] ?? -1
        this.#head[content] = inode
      }
    }
    for (const inode of roots.size === 0 ? [] : ranks.flat()) {
      const root = roots.get(inode)
      if (root === undefined) continue
      const list = this.#byRoot.get(root)
      if (list === undefined) this.#byRoot.set(root, [inode])
      else list.push(inode)
    }
  }

  /** How far `other` is believed to hold what `inode` holds, if it may stand in for it at all. */
  match(inode: number, other: number): Evidence | undefined {
    const { content, size } = this.#inventory
    if (other === inode || this.#accepted[other] !== 1 || size[other] !== size[inode]) return undefined
    if (size[inode] === 0) return "stable"
    const [mine, its] = [content[inode] ?? -1, content[other] ?? -1]
    if (mine >= 0 && its >= 0) {
      if (mine !== its) return undefined
      return this.#inventory.isSuspect(inode) || this.#inventory.isSuspect(other) ? "suspect" : "stable"
    }
    const root = this.#roots.get(inode)
    return root !== undefined && root === this.#roots.get(other) ? "claimed" : undefined
  }

  /** The best one for an inode, on one filesystem (any, for null), of those that `accepts` takes. */
  best(inode: number, volume: number | null, accepts?: (donor: number) => boolean): Donor | undefined {
    const mine = this.#inventory.content[inode] ?? -1
    let tries = 0
    for (let one = mine < 0 ? -1 : (this.#head[mine] ?? -1); one >= 0; one = this.#next[one] ?? -1) {
      const evidence = this.#take(inode, one, volume, accepts)
      if (evidence !== undefined) return { inode: one, evidence }
      if (++tries > patience) break
    }
    const root = this.#byRoot.size === 0 ? undefined : this.#roots.get(inode)
    for (const one of root === undefined ? [] : (this.#byRoot.get(root) ?? [])) {
      const evidence = this.#take(inode, one, volume, accepts)
      if (evidence !== undefined) return { inode: one, evidence }
      if (++tries > patience) break
    }
    return undefined
  }

  #take(
    inode: number,
    one: number,
    volume: number | null,
    accepts: ((donor: number) => boolean) | undefined
  ): Evidence | undefined {
    if (volume !== null && this.#inventory.volume[one] !== volume) return undefined
    const evidence = this.match(inode, one)
    return evidence === undefined || accepts?.(one) === false ? undefined : evidence
  }
}
