import { Effect, Redacted, Semaphore } from "effect"
import { Cookies, HttpClientRequest } from "effect/http"
import { TorrentClientRefused } from "../TorrentClient.ts"
import { type Answer, CallFailed, type Send } from "./http.ts"
import { readSecret } from "./secrets.ts"

export interface Credentials {
  readonly username: string
  readonly passwordFile?: string
  readonly apiKeyFile?: string
}

type Request = HttpClientRequest.HttpClientRequest

/** Sends a request as whoever we are to this client; every answer but 403 is the caller's to judge. */
export type Session = (request: Request) => Effect.Effect<Answer, CallFailed | TorrentClientRefused>

const unanswered = (why: string) => new CallFailed({ why: `no answer to the log-in: ${why}`, transient: false })

const oneLine = /^[^\r\n]+$/
const headerSafe = /^[\x21-\x7e]+$/

/**
 * Calls first and logs in only when told 403, so a client that trusts this host is never sent a password. A log-in that
 * was not accepted, or did not help, is final for the run: five of them ban this address for an hour, and with it
 * everything else on this machine. Only a session that has worked and then expired is renewed.
 *
 * `url` is shown to people.
 */
export const makeSession = (send: Send, url: string, credentials: Credentials): Effect.Effect<Session> =>
  Effect.gen(function* () {
    const renewing = yield* Semaphore.make(1)
    let cookies = Cookies.empty
    let bearer: Redacted.Redacted | undefined
    let useKey = credentials.apiKeyFile !== undefined
    /** Grows with every log-in, so that calls refused together log in once. */
    let generation = 0
    let worked = false
    let attempted = false
    let final: CallFailed | TorrentClientRefused | undefined

    const end = (error: CallFailed | TorrentClientRefused) => Effect.suspend(() => Effect.fail((final ??= error)))
    const refuse = (why: string) => end(new TorrentClientRefused({ url, why }))
    const secret = (option: string, path: string, allowed: RegExp) =>
      Effect.catchTag(readSecret(option, path, allowed), "SecretUnusable", ({ why }) => refuse(why))

    const remember = (answer: Answer) => {
      if (!Cookies.isEmpty(answer.cookies)) cookies = Cookies.merge(cookies, answer.cookies)
    }

    const identify = Effect.gen(function* () {
      if (!useKey || bearer !== undefined || credentials.apiKeyFile === undefined) return
      bearer = yield* secret("apiKeyFile", credentials.apiKeyFile, headerSafe)
    })

    const authorised = (request: Request): Request => {
      if (useKey && bearer !== undefined) return HttpClientRequest.bearerToken(request, bearer)
      return Cookies.isEmpty(cookies)
        ? request
        : HttpClientRequest.setHeader(request, "cookie", Cookies.toCookieHeader(cookies))
    }

    const logIn = Effect.gen(function* () {
      const { passwordFile, username } = credentials
      if (passwordFile === undefined) {
        return yield* refuse(
          useKey
            ? "it does not accept the API key (qBittorrent before 5.2 knows none)"
            : "it wants a log-in, and neither passwordFile nor apiKeyFile is set"
        )
      }
      if (attempted && !worked) return yield* refuse("it accepted the log-in, but still answers 403")
      const password = yield* secret("passwordFile", passwordFile, oneLine)
      // From 5.2 on a wrong key is refused even beside a right cookie.
      useKey = false
      attempted = true
      worked = false
      const answer = yield* send(
        HttpClientRequest.post("/auth/login").pipe(
          HttpClientRequest.bodyUrlParams({ username, password: Redacted.value(password) })
        )
      ).pipe(
        Effect.catchTag("CallFailed", ({ why }) => end(unanswered(why))),
        Effect.onInterrupt(() => Effect.sync(() => (final ??= unanswered("given up waiting"))))
      )
      const text = new TextDecoder().decode(answer.body.subarray(0, 200)).trim()
      if (answer.status === 204 || (answer.status === 200 && text === "Ok.")) {
        remember(answer)
        generation += 1
        return
      }
      if (answer.status === 403) {
        return yield* refuse(
          /banned/i.test(text)
            ? "this host's address is banned after too many failed log-ins (wait an hour, or restart qBittorrent)"
            : "the log-in itself is forbidden (403)"
        )
      }
      if (answer.status === 401 || (answer.status === 200 && text === "Fails.")) {
        return yield* refuse(`the password of ${username} is not accepted`)
      }
      return yield* end(unanswered(`answered ${answer.status} with something unknown`))
    })

    return Effect.fnUntraced(function* (request: Request) {
      if (final !== undefined) return yield* final
      yield* identify
      const used = generation
      const answer = yield* send(authorised(request))
      remember(answer)
      if (answer.status !== 403) {
        if (answer.status < 500) worked = true
        return answer
      }
      yield* renewing.withPermit(
        Effect.suspend(() => (final !== undefined ? Effect.fail(final) : used === generation ? logIn : Effect.void))
      )
      const second = yield* send(authorised(request))
      remember(second)
      if (second.status === 403) return yield* refuse("it accepted the log-in, but still answers 403")
      if (second.status < 500) worked = true
      return second
    })
  })
