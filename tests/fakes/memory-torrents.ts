import { Effect, Layer } from "effect"
import type { ClientPreferences, Torrent, TorrentFile } from "../../src/domain/torrents.ts"
import { type Filing, memorySteering } from "./memory-steering.ts"
import { TorrentClient, type TorrentClientError, TorrentClientUnreadable } from "../../src/services/TorrentClient.ts"

interface Held {
  readonly torrent: Torrent
  readonly files: ReadonlyArray<TorrentFile>
  readonly trackers: ReadonlyArray<string>
}

/** A complete, seeding torrent; `name` and `contentPath` follow from each other. */
export const seeding = (hash: string, contentPath: string, over: Partial<Torrent> = {}): Torrent => ({
  hash,
  name: contentPath.slice(contentPath.lastIndexOf("/") + 1),
  category: "",
  tags: [],
  state: "stalledUP",
  contentPath,
  savePath: contentPath.slice(0, contentPath.lastIndexOf("/")),
  progress: 1,
  amountLeft: 0,
  ratio: 2,
  seedingTime: 30 * 86400,
  completedAt: 1_700_000_000_000,
  addedAt: 1_700_000_000_000,
  size: 1,
  ...over
})

export const wanted = (...paths: ReadonlyArray<string>): ReadonlyArray<TorrentFile> =>
  paths.map((path) => ({ path, size: 1, progress: 1, wanted: true }))

/** A torrent client in memory that counts its calls and can be told to fail. */
export class MemoryTorrents {
  readonly held = new Map<string, Held>()
  readonly calls: Array<string> = []
  readonly categories = new Map<string, string>()
  /** Management and download path, where they are not off and none. */
  readonly filings = new Map<string, Filing>()
  readonly autoManaged = new Map<string, number>()
  preferences: ClientPreferences = {
    incompletePath: null,
    managesNew: false,
    followsCategory: false,
    followsCategoryPath: false,
    rechecksComplete: false
  }
  error: TorrentClientError | undefined
  /** Runs before each call; `count` is the how-manieth of its kind this is, from 1. */
  before: (operation: string, count: number) => void = () => undefined

  add(torrent: Torrent, files: ReadonlyArray<TorrentFile> = [], trackers: ReadonlyArray<string> = []) {
    this.held.set(torrent.hash, { torrent, files, trackers })
  }

  fail(why = "502: <html>Bad Gateway</html>") {
    this.error = new TorrentClientUnreadable({ url: "http://memory", operation: "torrents", why })
  }

  #call<A>(operation: string, hash: string, act: () => A): Effect.Effect<A, TorrentClientError> {
    return Effect.suspend(() => {
      this.calls.push(hash === "" ? operation : `${operation} ${hash}`)
      this.before(operation, this.calls.filter((call) => call.split(" ")[0] === operation).length)
      return this.error === undefined ? Effect.sync(act) : Effect.fail(this.error)
    })
  }

  #of<A>(operation: string, hash: string, read: (held: Held) => A): Effect.Effect<A, TorrentClientError> {
    return Effect.flatMap(
      this.#call(operation, hash, () => this.held.get(hash)),
      (held) =>
        held === undefined
          ? Effect.fail(new TorrentClientUnreadable({ url: "http://memory", operation, why: "404: Not Found" }))
          : Effect.succeed(read(held))
    )
  }

  get layer(): Layer.Layer<TorrentClient> {
    return Layer.succeed(
      TorrentClient,
      TorrentClient.of({
        ...memorySteering(this.held, this.filings, (operation, hash, act) => this.#call(operation, hash, act)),
        preferences: this.#call("preferences", "", () => this.preferences),
        version: this.#call("version", "", () => "v5.1.0"),
        torrents: this.#call("torrents", "", () => [...this.held.values()].map(({ torrent }) => torrent)),
        categories: this.#call("categories", "", () => new Map(this.categories)),
        createCategory: (name, path) => this.#call("createCategory", name, () => void this.categories.set(name, path)),
        editCategory: (name, path) => this.#call("editCategory", name, () => void this.categories.set(name, path)),
        autoManaged: this.#call("autoManaged", "", () => new Map(this.autoManaged)),
        files: (hash) => this.#of("files", hash, ({ files }) => files),
        trackers: (hash) => this.#of("trackers", hash, ({ trackers }) => trackers),
        export: (hash) =>
          this.#of("export", hash, ({ torrent }) => new TextEncoder().encode(`d4:name${torrent.name}e`)),
        remove: (hash) => this.#call("remove", hash, () => void this.held.delete(hash))
      })
    )
  }
}
