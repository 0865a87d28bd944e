import type { Inventory } from "./relocationInventory.ts"

/** What the steps of a plan copy to the other side, so that no content is copied twice. */
export class Bookings {
  readonly #inventory: Inventory
  readonly #roots: ReadonlyMap<number, string>
  /** By filesystem, then by content: the inode that is copied; −1 for none. */
  readonly #byContent = new Map<number, Int32Array>()
  readonly #byRoot = new Map<string, number>()

  constructor(inventory: Inventory, roots: ReadonlyMap<number, string>) {
    this.#inventory = inventory
    this.#roots = roots
  }

  /** The inode that is copied to a filesystem and holds the same, as far as is known. */
  find(inode: number, volume: number): number | undefined {
    const content = this.#inventory.content[inode] ?? -1
    if (content >= 0) {
      const found = this.#byContent.get(volume)?.[content] ?? -1
      return found < 0 ? undefined : found
    }
    const root = this.#roots.get(inode)
    return root === undefined ? undefined : this.#byRoot.get(`${volume}:${root}`)
  }

  /** False where its content is booked already, or cannot be told from others. */
  add(inode: number, volume: number): boolean {
    const content = this.#inventory.content[inode] ?? -1
    const root = content < 0 ? this.#roots.get(inode) : undefined
    if ((content < 0 && root === undefined) || this.find(inode, volume) !== undefined) return false
    this.#set(inode, volume, inode)
    return true
  }

  remove(inode: number, volume: number): void {
    this.#set(inode, volume, -1)
  }

  #set(inode: number, volume: number, value: number): void {
    const content = this.#inventory.content[inode] ?? -1
    if (content >= 0) {
      let booked = this.#byContent.get(volume)
      if (booked === undefined) {
        booked = new Int32Array(this.#inventory.contents.length).fill(-1)
        this.#byContent.set(volume, booked)
      }
      booked[content] = value
      return
    }
    const key = `${volume}:${this.#roots.get(inode) ?? ""}`
    if (value < 0) this.#byRoot.delete(key)
    else this.#byRoot.set(key, value)
  }
}
