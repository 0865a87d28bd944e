import { assert } from "@effect/vitest"
import { absent, known } from "../../src/domain/fact.ts"
import { parse } from "../../src/domain/fence.ts"
import type {
  Demotion,
  DemotionTarget,
  Content,
  Plan,
  Promotion,
  PromotionTarget
} from "../../src/domain/relocation.ts"
import { Inventory } from "../../src/domain/relocationInventory.ts"
import { planOf } from "../../src/domain/relocationPlan.ts"
import type { Grade, Member, PayloadFile, SeedingDir, Side, World } from "../../src/domain/relocationWorld.ts"
import type { Torrent } from "../../src/domain/torrents.ts"
import { dirname, isWithin, join } from "../../src/platform/BytePath.ts"

export const torrent = (hash: string, savePath: string, name: string, over: Partial<Torrent> = {}): Torrent => ({
  hash,
  name,
  category: "",
  tags: [],
  state: "stalledUP",
  contentPath: join(savePath, name),
  savePath,
  progress: 1,
  amountLeft: 0,
  ratio: 1,
  seedingTime: 0,
  completedAt: 0,
  addedAt: 0,
  size: 1,
  ...over
})

export interface SimInode {
  readonly ino: bigint
  readonly side: Side
  readonly fsid: string
  readonly size: number
  /** What it really holds. */
  readonly bytes: string
  grade: Grade | null
}

export interface SimTorrent {
  torrent: Torrent
  files: ReadonlyArray<PayloadFile> | null
  lease?: string
  refused?: string
}

/** Two filesystems, a client and a hash cache, as small as they can be; and what a plan does to them. */
export class Simulator {
  dirs: ReadonlyArray<SeedingDir> = [
    { side: "stash", path: "/stash/seeding", fsid: "stash" },
    { side: "pool", path: "/pool/seeding", fsid: "pool" }
  ]
  readonly entries = new Map<string, SimInode>()
  readonly obstacles = new Map<string, string>()
  readonly unreadable: Array<{ readonly side: Side; readonly path: string }> = []
  readonly torrents: Array<SimTorrent> = []
  /** Paths outside that the cache does not know. */
  readonly unknownPaths = new Set<string>()
  /** Further paths of a folder: bind mounts. */
  readonly aliases = new Map<string, string>()
  free: Record<Side, number | null> = { stash: 1e15, pool: 1e15 }
  promised = 0
  reserve = 0
  unavailable: Record<Side, string | null> = { stash: null, pool: null }
  #ino = 1000n

  sideOf(path: string): Side {
    return isWithin(path, "/pool") ? "pool" : "stash"
  }

  fsidOf(path: string): string {
    const dirs = this.dirs.filter((dir) => isWithin(path, dir.path))
    return dirs.toSorted((one, other) => other.path.length - one.path.length)[0]?.fsid ?? this.sideOf(path)
  }

  write(path: string, bytes: string, size: number, grade: Grade | null = "stable"): SimInode {
    assert.isFalse(this.entries.has(path), `${path} is there already`)
    const inode = { ino: this.#ino++, side: this.sideOf(path), fsid: this.fsidOf(path), size, bytes, grade }
    this.entries.set(path, inode)
    return inode
  }

  link(from: string | SimInode, to: string): void {
    const inode = typeof from === "string" ? this.at(from) : from
    assert.isFalse(this.entries.has(to), `${to} is there already`)
    assert.strictEqual(inode.fsid, this.fsidOf(to), "a hardlink across filesystems")
    this.entries.set(to, inode)
  }

  at(path: string): SimInode {
    const inode = this.entries.get(path)
    if (inode === undefined) throw new Error(`${path} is not there`)
    return inode
  }

  names(inode: SimInode): ReadonlyArray<string> {
    return [...this.entries].filter(([, one]) => one === inode).map(([path]) => path)
  }

  isSeeding(path: string): boolean {
    return this.dirs.some((dir) => isWithin(path, dir.path))
  }

  /** A torrent over files that are there. */
  seed(hash: string, savePath: string, paths: ReadonlyArray<string>, over: Partial<Torrent> = {}): SimTorrent {
    const root = paths[0]?.split("/")[0] ?? hash
    const files = paths.map((path) => ({ path, size: this.entries.get(join(savePath, path))?.size ?? 0, wanted: true }))
    const one: SimTorrent = { torrent: torrent(hash, savePath, root, over), files }
    this.torrents.push(one)
    return one
  }

  world(): World {
    const inventory = new Inventory()
    const folders = new Map<string, bigint>()
    const inoOf = (folder: string) => {
      const real = this.aliases.get(folder) ?? folder
      const before = folders.get(real)
      if (before !== undefined) return before
      const ino = BigInt(folders.size + 2)
      folders.set(real, ino)
      return ino
    }
    const counts = new Map<SimInode, number>()
    for (const inode of this.entries.values()) counts.set(inode, (counts.get(inode) ?? 0) + 1)
    const fence = ({ fsid, ino, size }: SimInode) => ({
      dev: fsid === "pool" ? 2n : 1n,
      ino,
      size: BigInt(size),
      mtimeNs: 5n,
      ctimeNs: 6n,
      birthNs: 4n
    })
    const learn = (number: number, { bytes, grade }: SimInode) => {
      if (grade !== null) inventory.know(number, `sha256:${bytes}`, grade)
    }
    for (const [path, inode] of this.entries) {
      if (this.isSeeding(path)) {
        for (let at = dirname(dirname(path)); this.isSeeding(at); at = dirname(at)) {
          inventory.folder(this.sideOf(at), this.fsidOf(at), inoOf(at), at)
        }
        const number = inventory.file(
          inventory.folder(inode.side, inode.fsid, inoOf(dirname(path)), dirname(path)),
          path.slice(path.lastIndexOf("/") + 1),
          fence(inode),
          counts.get(inode) ?? 0
        )
        learn(number, inode)
      }
    }
    for (const [alias, real] of this.aliases) {
      for (const [path, inode] of this.entries) {
        if (dirname(path) !== real) continue
        const folder = inventory.folder(inode.side, inode.fsid, inoOf(alias), alias)
        inventory.file(folder, path.slice(real.length + 1), fence(inode), counts.get(inode) ?? 0)
      }
    }
    for (const [path, inode] of this.entries) {
      if (this.isSeeding(path) || path.includes("/trash/") || this.unknownPaths.has(path)) continue
      learn(inventory.copy(inode.side, inode.fsid, path, fence(inode), counts.get(inode) ?? 0), inode)
    }
    for (const [path, what] of this.obstacles) inventory.obstacle(path, what)
    for (const { path, side } of this.unreadable) inventory.unreadable(side, path, "EACCES")
    const sizes = Map.groupBy(new Set(this.entries.values()), ({ size }) => size)
    return {
      inventory,
      members: this.torrents.map((one): Member => ({
        torrent: one.torrent,
        files: one.files === null ? absent("test", 0) : known(one.files, "test", 0),
        lease: one.lease ?? null,
        refused: one.refused ?? null
      })),
      seedingDirs: this.dirs,
      volumes: [...new Set(this.dirs.map(({ fsid }) => fsid))].flatMap((fsid) => {
        const side = this.dirs.find((dir) => dir.fsid === fsid)?.side ?? "stash"
        return fsid === null ? [] : [{ fsid, side, freeBytes: this.free[side], promisedBytes: this.promised }]
      }),
      unavailable: this.unavailable,
      undecidedSizes: new Set(
        [...sizes].flatMap(([size, all]) => (all.length > 1 && all.some(({ grade }) => grade === null) ? [size] : []))
      ),
      seedOnlyTag: "~noHL",
      reserveBytes: this.reserve
    }
  }

  plan(): Plan {
    return planOf(this.world())
  }

  /** Does all steps of a plan, as a saga would, and holds each against what must never happen. */
  apply(plan: Plan): void {
    const copies = new Map<string, SimInode>()
    const done = new Set<string>()
    for (const { component, decision } of plan.placements) {
      if (decision.kind === "demote") {
        for (const before of decision.after) assert.isTrue(done.has(before), `${before} has not been done yet`)
      }
      if (decision.kind === "demote" || decision.kind === "promote") this.#do(decision, copies)
      done.add(component.id)
    }
  }

  #byFence(fsid: string, text: string): SimInode {
    const { ino } = parse(text) ?? { ino: -1n }
    const found = [...this.entries.values()].find((one) => one.ino === ino && one.fsid === fsid)
    if (found === undefined) throw new Error(`there is no inode ${text} on ${fsid}`)
    return found
  }

  #do(step: Demotion | Promotion, copies: Map<string, SimInode>): void {
    const detail = step.detail()
    const contents: ReadonlyArray<Content<DemotionTarget | PromotionTarget>> = detail.contents
    let copied = 0
    let views = 0
    for (const { source, target, views: paths, wanted } of contents) {
      const from = this.#byFence(source.fsid, source.fence)
      assert.strictEqual(from.side, step.from)
      if (step.kind === "demote") {
        assert.strictEqual(this.names(from).length, source.names.length, "a name outside would be left behind")
      }
      if (target.kind === "left") {
        assert.isFalse(wanted, "a wanted file is left behind")
        continue
      }
      views += paths.length
      for (const { source: name, target: path } of paths) {
        assert.include(source.names, name)
        let inode: SimInode
        if (target.kind === "existing") inode = this.#byFence(target.fsid, target.fence)
        else if (target.kind === "planned") {
          const planned = copies.get(target.fence)
          if (planned === undefined) throw new Error("nothing has been copied for it")
          inode = planned
        } else {
          const before = copies.get(source.fence)
          if (before === undefined && target.kind === "copy") copied += from.size
          inode = before ?? { ...from, ino: this.#ino++, side: step.to, fsid: detail.fsid, grade: "stable" }
          copies.set(source.fence, inode)
        }
        assert.strictEqual(inode.bytes, from.bytes, "another content")
        assert.strictEqual(inode.side, step.to)
        if (this.entries.has(path)) assert.strictEqual(this.at(path), inode, `${path} is another file`)
        else this.link(inode, path)
      }
    }
    assert.strictEqual(copied, step.kind === "demote" ? step.copyBytes : 0, "bytes copied")
    assert.strictEqual(views, step.views)
    for (const { from, hash, to } of detail.torrents) {
      const one = this.torrents.find((candidate) => candidate.torrent.hash === hash)
      if (one === undefined) throw new Error(`there is no torrent ${hash}`)
      assert.strictEqual(one.torrent.savePath, from)
      const contentPath = join(to, one.torrent.contentPath.slice(from.length).replace(/^\//, ""))
      one.torrent = { ...one.torrent, savePath: to, contentPath }
    }
    let freed = 0
    for (const { source, views: paths } of contents) {
      if (paths.length === 0) continue
      const from = this.#byFence(source.fsid, source.fence)
      const owned = paths.map((view) => view.source)
      for (const path of owned) this.entries.delete(path)
      if (this.names(from).length === 0) freed += from.size
    }
    assert.strictEqual(freed, step.freesBytes, "bytes freed")
  }
}
