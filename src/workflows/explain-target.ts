import { Effect, Schema } from "effect"
import { hostPath, type Item } from "../domain/items.ts"
import { unescaped } from "../domain/targets.ts"
import { basename, display, isWithin } from "../platform/BytePath.ts"
import { Items } from "../state/Items.ts"
import { type LedgerEntry, Torrents } from "../state/Torrents.ts"

/** Several things answer to that name. Exit code 64. */
export class AmbiguousTarget extends Schema.TaggedError<AmbiguousTarget>()("AmbiguousTarget", {
  target: Schema.String,
  candidates: Schema.Array(Schema.String)
}) {
  override get message() {
    const all = this.candidates.map((candidate) => `\n  ${display(candidate)}`).join("")
    return `"${display(this.target)}" could be any of these; give one of them in full:${all}`
  }
}

export interface Found {
  readonly items: ReadonlyArray<Item>
  readonly torrents: ReadonlyArray<LedgerEntry>
}

const isHash = (target: string) => /^[0-9a-f]{6,64}$/i.test(target)

/**
 * What a person means: an infohash (or its first six digits or more), an absolute path of an item or of something in
 * it, or a base name. Nothing found is empty lists; more than one item of the same standing is an error.
 */
export const findTarget = Effect.fn("findTarget")(function* (given: string) {
  const items = yield* Items
  const ledger = yield* Torrents
  const all = yield* items.all
  const target = unescaped(
    given,
    all.map((item) => item.path)
  )
  const torrents = yield* ledger.all
  const only = (found: ReadonlyArray<Item>, hashes: ReadonlyArray<LedgerEntry>) =>
    found.length > 1
      ? Effect.fail(new AmbiguousTarget({ target, candidates: found.map(({ path }) => path) }))
      : Effect.succeed<Found>({ items: found, torrents: hashes })
  const path = target.startsWith("/") ? target.replace(/(?<=.)\/+$/, "") : undefined
  if (path !== undefined) {
    const exact = all.filter((item) => item.path === path)
    if (exact.length > 0) return yield* only(exact, [])
    const inside: Array<Item> = []
    for (const item of all) {
      if (item.kind === "rootless") {
        const files = yield* items.files(item.id)
        if (files.some((file) => file.origin === "original" && hostPath(item, file) === path)) inside.push(item)
      } else if (isWithin(path, item.path)) inside.push(item)
    }
    return yield* only(
      inside,
      torrents.filter(({ contentPath }) => contentPath === path)
    )
  }
  const named = all.filter((item) => basename(item.path) === target)
  if (named.length > 0 || !isHash(target)) {
    return yield* only(named, named.length > 0 ? [] : torrents.filter(({ name }) => name === target))
  }
  const prefix = target.toLowerCase()
  const hashes = torrents.filter(({ hash }) => hash.startsWith(prefix))
  if (hashes.length > 1) {
    return yield* new AmbiguousTarget({ target, candidates: hashes.map(({ hash, name }) => `${hash} ${name}`) })
  }
  const owners = all.filter((item) => item.hashes.some((hash) => hash.startsWith(prefix)))
  return yield* only(owners, hashes)
})
