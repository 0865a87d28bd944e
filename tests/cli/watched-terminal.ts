import { Effect } from "effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { Rig } from "../workflows/watched-rig.ts"
import { Terminal } from "./terminal.ts"

/** A command line, and a library whose services are in memory. */
export class WatchedTerminal extends Terminal {
  readonly rig = new Rig()

  constructor(over: object = {}) {
    super()
    this.watch(over)
  }

  /** `over`: of the `watched` part of the configuration. */
  watch(over: object = {}, rest: object = {}) {
    const apiKeyFile = join(this.root, "key")
    writeFileSync(apiKeyFile, "k".repeat(32), { mode: 0o600 })
    const service = { url: "http://memory", apiKeyFile }
    this.configure({
      upload: { remote: "memory:bucket", extract: { enable: false } },
      watched: { dryRun: false, jellyfin: service, radarr: service, sonarr: service, ...over },
      ...rest
    })
  }

  override get adapters() {
    const { arr, media, notifier, requests } = this.rig
    return {
      ...super.adapters,
      mediaServer: media.layer,
      arr: arr.layer,
      requests: requests.layer,
      notifier: notifier.layer,
      ...this.replaced
    }
  }

  /** Instead of those in memory. */
  replaced: Partial<Terminal["services"]> = {}

  /** Watched: one film that goes, one season that goes. Not to go: a favourite, what nobody has seen, a season. */
  populate() {
    const { media } = this.rig
    for (const id of [1, 2]) this.rig.movie(id)
    for (const id of [3, 4, 5, 6, 7, 8]) this.rig.movie(id, null)
    media.favourites.set("u1", ["movie-2"])
    this.rig.series(1, [2, 3], [1])
  }

  override [Symbol.dispose]() {
    super[Symbol.dispose]()
    this.rig.destroy()
  }
}

export const withWatched = <A, E, R>(
  use: (terminal: WatchedTerminal) => Effect.Effect<A, E, R>,
  over: object = {}
): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => new WatchedTerminal(over)),
    use,
    (terminal) => Effect.sync(() => terminal[Symbol.dispose]())
  )
