import { Effect } from "effect"
import { createHash } from "node:crypto"
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs"
import { shownRemote } from "../../domain/remoteName.ts"
import { toBytes } from "../../platform/BytePath.ts"
import { type HashKind, RemoteError, type RemoteSetupError } from "../Remote.ts"
import { failed, type Options, type Session } from "./session.ts"

/** Gets bytes back, through the files that rclone serves on its socket. */
export const makeReading = (options: Options, session: Effect.Effect<Session, RemoteError | RemoteSetupError>) => {
  const urlOf = (path: string) =>
    `/${encodeURIComponent(`[${options.remote}]`)}/${path.split("/").map(encodeURIComponent).join("/")}`
  const read = Effect.fn("Remote.read")(function* (path: string, offset: number, length: number) {
    const one = yield* session
    const chunks: Array<Uint8Array> = []
    yield* one.rcd
      .get(urlOf(path), [offset, offset + length - 1], (chunk) => void chunks.push(chunk))
      .pipe(Effect.mapError(failed(options, `reading back ${path}`)))
    return Buffer.concat(chunks)
  })
  const readBack = Effect.fn("Remote.readBack")(function* (path: string, kind: HashKind) {
    const one = yield* session
    const hash = createHash(kind)
    yield* one.rcd
      .get(urlOf(path), null, (chunk) => void hash.update(chunk))
      .pipe(Effect.mapError(failed(options, `reading back ${path}`)))
    return hash.digest("hex")
  })
  const download = Effect.fn("Remote.download")(function* (path: string, to: string, size: number) {
    const one = yield* session
    const local = (cause: unknown) =>
      new RemoteError({
        remote: shownRemote(options.remote),
        operation: `fetching ${path}`,
        class: "transient",
        why: `writing it here failed: ${cause instanceof Error ? cause.message : String(cause)}`
      })
    const fd = yield* Effect.acquireRelease(
      Effect.try({ try: () => openSync(toBytes(to), "wx", 0o600), catch: local }),
      (fd) => Effect.sync(() => closeSync(fd))
    )
    let written = 0
    let failure: RemoteError | undefined
    yield* one.rcd
      .get(urlOf(path), null, (chunk) => {
        if (failure !== undefined) return
        try {
          for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at)
          written += chunk.length
        } catch (cause) {
          failure = local(cause)
        }
      })
      .pipe(Effect.mapError(failed(options, `fetching ${path}`)))
    if (failure !== undefined) return yield* failure
    if (written !== size) return yield* local(`${written} bytes came, ${size} were expected`)
    yield* Effect.try({ try: () => fsyncSync(fd), catch: local })
  }, Effect.scoped)
  return { read, readBack, download }
}
