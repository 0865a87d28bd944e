import { Clock, Context, Data, Effect, Layer, Schema } from "effect"
import { AppConfig } from "../config/AppConfig.ts"
import { writeAtomic } from "../platform/AtomicFile.ts"
import { display, fromBytes, join, toBytes } from "../platform/BytePath.ts"
import * as fs from "node:fs/promises"

export const TorrentHash = Schema.String.check(
  Schema.isPattern(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, { expected: "an infohash: 40 or 64 hexadecimal digits" })
)

/** One torrent that the client says is complete. */
export interface Ticket {
  /** 40 or 64 hexadecimal digits, lower case. */
  readonly hash: string
  /** When it was dropped, in milliseconds since the epoch. */
  readonly at: number
}

export class NotAHash extends Schema.TaggedError<NotAHash>()("NotAHash", { given: Schema.String }) {
  override get message() {
    return `"${display(this.given)}" is not an infohash: give 40 or 64 hexadecimal digits (in qBittorrent's "run on completion" that is %K)`
  }
}

export class SpoolUnusable extends Schema.TaggedError<SpoolUnusable>()("SpoolUnusable", {
  directory: Schema.String,
  why: Schema.String
}) {
  override get message() {
    const remedy = this.why.startsWith("ENOSPC")
      ? "make room on its disk"
      : "create it, writable for the group that qBittorrent and media-pipeline share"
    return `the spool ${this.directory} cannot be used (${this.why}): ${remedy}`
  }
}

/** What `completed` leaves for `upload`: one small file a torrent in `$stateDir/spool`. */
export class Spool extends Context.Service<
  Spool,
  {
    /** Durable once it returns. The same hash twice is one ticket. */
    drop(hash: string): Effect.Effect<Ticket, NotAHash | SpoolUnusable>
    /** Oldest first. A malformed one is set aside in `spool/.rejected` and logged. No spool is no tickets. */
    readonly tickets: Effect.Effect<ReadonlyArray<Ticket>, SpoolUnusable>
    /** The same without setting anything aside, for those who only look. */
    readonly peek: Effect.Effect<ReadonlyArray<Ticket>, SpoolUnusable>
    /** It was dealt with (done, failed or deferred: the database knows). */
    remove(hash: string): Effect.Effect<void, SpoolUnusable>
  }
>()("media-pipeline/Spool") {
  static readonly layer = Layer.effect(
    Spool,
    Effect.suspend(() => make)
  )
}

class NoTicket extends Data.TaggedError("NoTicket")<{ readonly gone: boolean; readonly why: string }> {}

const decodeTicket = Schema.decodeUnknownEffect(
  Schema.fromJsonString(Schema.Struct({ hash: TorrentHash, at: Schema.Int }))
)
const isHash = Schema.is(TorrentHash)
const code = (cause: unknown) => (cause instanceof Error && "code" in cause ? String(cause.code) : undefined)

const ensureDirectory = async (directory: string) => {
  // The worker and qBittorrent are two users of one group, whatever the umask of either.
  if ((await fs.mkdir(directory, { recursive: true })) !== undefined) await fs.chmod(directory, 0o2770)
}

const make = Effect.gen(function* () {
  const directory = join((yield* AppConfig).stateDir, "spool")
  const attempt = <A>(run: () => Promise<A>) =>
    Effect.tryPromise({
      try: run,
      catch: (cause) => new SpoolUnusable({ directory, why: cause instanceof Error ? cause.message : String(cause) })
    })

  const names = attempt(() =>
    fs.readdir(directory, { encoding: "buffer" }).catch((cause: unknown) => {
      if (code(cause) === "ENOENT") return []
      throw cause
    })
  ).pipe(Effect.map((all) => all.map(fromBytes).filter((name) => !name.startsWith("."))))

  const read = Effect.fnUntraced(function* (name: string) {
    const text = yield* Effect.tryPromise({
      try: () => fs.readFile(toBytes(join(directory, name)), "utf8"),
      catch: (cause) => new NoTicket({ gone: code(cause) === "ENOENT", why: String(cause) })
    })
    const ticket = yield* decodeTicket(text).pipe(
      Effect.mapError((error) => new NoTicket({ gone: false, why: error.message }))
    )
    if (name !== `${ticket.hash}.json`) return yield* new NoTicket({ gone: false, why: `it is for ${ticket.hash}` })
    return ticket
  })

  const setAside = Effect.fnUntraced(function* (name: string, why: string) {
    yield* Effect.logWarning(`ticket ${display(name)} makes no sense and was set aside in spool/.rejected: ${why}`)
    yield* attempt(async () => {
      await fs.mkdir(join(directory, ".rejected"), { recursive: true })
      await fs.rename(toBytes(join(directory, name)), toBytes(join(directory, `.rejected/${name}`)))
    }).pipe(Effect.ignore)
  })

  const readAll = (rejected: (name: string, why: string) => Effect.Effect<void>) =>
    names.pipe(
      Effect.flatMap(
        Effect.forEach((name) =>
          read(name).pipe(
            Effect.map((ticket): ReadonlyArray<Ticket> => [ticket]),
            Effect.catch(({ gone, why }) =>
              // Gone between the listing and the reading: another run has taken it.
              Effect.as(gone ? Effect.void : rejected(name, why), [])
            )
          )
        )
      ),
      Effect.map((all) => all.flat().toSorted((one, other) => one.at - other.at || (one.hash < other.hash ? -1 : 1)))
    )

  return Spool.of({
    drop: Effect.fn("Spool.drop")(function* (given: string) {
      const hash = given.toLowerCase()
      if (!isHash(hash)) return yield* new NotAHash({ given })
      const ticket = { hash, at: yield* Clock.currentTimeMillis }
      yield* attempt(() => ensureDirectory(directory))
      yield* writeAtomic(join(directory, `${hash}.json`), Buffer.from(`${JSON.stringify(ticket)}\n`), 0o660).pipe(
        Effect.mapError(({ why }) => new SpoolUnusable({ directory, why }))
      )
      return ticket
    }),
    tickets: readAll(setAside),
    peek: readAll(() => Effect.void),
    remove: Effect.fn("Spool.remove")(function* (hash: string) {
      // Each replaces the one before, so that nothing piles up and nothing here has to delete.
      yield* attempt(() =>
        fs.rename(join(directory, `${hash}.json`), join(directory, ".last")).catch((cause: unknown) => {
          if (code(cause) !== "ENOENT") throw cause
        })
      )
    })
  })
})
