import { Effect } from "effect"
import { shownRemote } from "../../domain/remoteName.ts"
import { RemoteError, type RemoteSetupError } from "../Remote.ts"
import { withOption } from "./connection.ts"
import { failed, type Options, type Session } from "./session.ts"

/**
 * Takes one file away by rclone's deletefile. On B2 whatever `hard_delete` says elsewhere: without it rclone hides the
 * file (b2_hide_file), and the version stays until a lifecycle rule takes it; with it the newest version is deleted and
 * an older one, if there is any, shows again.
 */
export const makeRemoving = (options: Options, session: Effect.Effect<Session, RemoteError | RemoteSetupError>) => ({
  remove: Effect.fn("Remote.remove")(function* (path: string, mode: "hide" | "delete") {
    const one = yield* session
    const isB2 = one.info.backend === "b2"
    const operation = `${mode === "hide" ? "hiding" : "deleting"} ${path}`
    if (mode === "hide" && !isB2) {
      const why = `${one.info.backend} keeps no hidden files: set watched.remote to "keep" or "delete"`
      return yield* new RemoteError({ remote: shownRemote(options.remote), operation, class: "permanent", why })
    }
    const fs = isB2 ? withOption(options.remote, "hard_delete", String(mode === "delete")) : options.remote
    yield* one.rcd.call("operations/deletefile", { fs, remote: path }).pipe(
      Effect.catchIf(
        (error) => /object not found/i.test(error.message),
        () => Effect.void
      ),
      Effect.mapError(failed(options, operation))
    )
  })
})
