import { Effect, Layer } from "effect"
import type { MediaItem, TitleRequest, Viewer, Viewing } from "../../../src/domain/watchedWorld.ts"
import { MediaServer, MediaServerUnreadable } from "../../../src/services/MediaServer.ts"
import { type Notice, Notifier } from "../../../src/services/Notifier.ts"
import { Requests, RequestsUnreadable } from "../../../src/services/Requests.ts"

/** Jellyfin in memory. */
export class MemoryMedia {
  readonly viewers: Array<Viewer> = [{ id: "u1", name: "admin" }]
  readonly items = new Map<string, MediaItem>()
  readonly viewings = new Map<string, Map<string, Viewing>>()
  readonly favourites = new Map<string, Array<string>>()
  readonly nextUp = new Map<string, Array<string>>()
  readonly playing = new Map<string, ReadonlyArray<string>>()
  readonly collections = new Map<string, ReadonlyArray<string>>()
  readonly calls: Array<string> = []
  /** Runs before each call; true is that no answer comes. */
  fails: (operation: string) => boolean = () => false
  /** Libraries are a matter of the viewer: what one of them is not shown. */
  hides: (viewer: Viewer, item: MediaItem) => boolean = () => false

  played(viewer: string, item: string, at: number | null): void {
    const own = this.viewings.get(viewer) ?? new Map<string, Viewing>()
    this.viewings.set(viewer, own.set(item, { played: true, at, favourite: false }))
  }

  #answer<A>(operation: string, answer: () => A): Effect.Effect<A, MediaServerUnreadable> {
    return Effect.suspend(() => {
      const fails = this.fails(operation)
      this.calls.push(operation)
      return fails
        ? Effect.fail(new MediaServerUnreadable({ url: "http://memory", why: "502: <html>Bad Gateway</html>" }))
        : Effect.sync(answer)
    })
  }

  #viewing(viewer: Viewer, id: string): Viewing {
    return this.viewings.get(viewer.id)?.get(id) ?? { played: false, at: null, favourite: false }
  }

  get layer() {
    return Layer.succeed(MediaServer, {
      viewers: this.#answer("viewers", () => [...this.viewers]),
      library: (viewer) =>
        this.#answer("library", () =>
          [...this.items.values()]
            .filter((item) => !this.hides(viewer, item))
            .map((item) => ({ item, viewing: this.#viewing(viewer, item.id) }))
        ),
      played: (viewer) => this.#answer("played", () => new Map(this.viewings.get(viewer.id) ?? [])),
      favourites: (viewer) => this.#answer("favourites", () => this.favourites.get(viewer.id) ?? []),
      nextUp: (viewer) => this.#answer("nextUp", () => this.nextUp.get(viewer.id) ?? []),
      playing: this.#answer("playing", () => new Map(this.playing)),
      items: (viewer, ids) =>
        this.#answer("items", () =>
          ids.flatMap((id) => {
            const item = this.items.get(id)
            return item === undefined || this.hides(viewer, item) ? [] : [{ item, viewing: this.#viewing(viewer, id) }]
          })
        ),
      showLeaving: (collection, ids) =>
        this.#answer("showLeaving", () => void this.collections.set(collection, [...ids])),
      trouble: Effect.succeed(null)
    })
  }
}

/** Seerr in memory. */
export class MemoryRequests {
  configured = false
  readonly list: Array<TitleRequest> = []
  readonly closed: Array<number> = []
  fails: (operation: string) => boolean = () => false

  #answer<A>(operation: string, answer: () => A): Effect.Effect<A, RequestsUnreadable> {
    return Effect.suspend(() =>
      this.fails(operation)
        ? Effect.fail(new RequestsUnreadable({ url: "http://memory", why: "no answer in 30 s" }))
        : Effect.sync(answer)
    )
  }

  get layer() {
    return Layer.succeed(Requests, {
      configured: this.configured,
      all: this.#answer("all", () => this.list.filter(({ mediaId }) => !this.closed.includes(mediaId))),
      close: (mediaId) => this.#answer("close", () => void this.closed.push(mediaId)),
      trouble: Effect.succeed(null)
    })
  }
}

/** Whoever is told. */
export class MemoryNotifier {
  readonly notices: Array<Notice> = []
  trouble: string | null = null

  get layer() {
    return Layer.succeed(Notifier, {
      send: (notice) =>
        Effect.sync(() => {
          this.notices.push(notice)
          return [{ channel: "ntfy" as const, trouble: this.trouble }]
        })
    })
  }
}
