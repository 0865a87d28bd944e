import { ByteSize, Data, Duration, Effect, Schedule } from "effect"
import { HttpClient, type HttpClientError, HttpClientRequest, HttpIncomingMessage } from "effect/http"
import { throwAway } from "./Garbage.ts"
import { troubleOf } from "./HttpTrouble.ts"
import { WrongShape } from "./JsonRow.ts"

/** One call went wrong. `transient`: the same call may well succeed a second later. Never holds a secret. */
export class CallFailed extends Data.TaggedError("CallFailed")<{
  readonly why: string
  readonly transient: boolean
  /** Of the answer; null where there was no complete one. */
  readonly status: number | null
}> {}

export const failed = (why: string, status: number | null = null, transient = false) =>
  new CallFailed({ why, status, transient })

export interface Answer {
  readonly status: number
  readonly body: Uint8Array
  readonly location: string | undefined
}

export interface Patience {
  /** Of one attempt, until the last byte is here. */
  readonly timeout: Duration.Input
  /** Before the first of two repeats; it doubles. */
  readonly firstRetry: Duration.Input
}

export const patient: Patience = { timeout: "20 seconds", firstRetry: "300 millis" }

export type Params = Readonly<Record<string, string | number | boolean | ReadonlyArray<number>>>

export interface HttpApi {
  /** JSON of an answer of 200. Repeated twice where that may help. */
  readonly json: (path: string, params?: Params) => Effect.Effect<unknown, CallFailed>
  /** The same; null for 404. */
  readonly jsonOrGone: (path: string, params?: Params) => Effect.Effect<unknown, CallFailed>
  /** Sends it once, whatever the answer is. */
  readonly tell: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Answer, CallFailed>
}

// A listing of tens of thousands; a page that never ends must not fill the memory.
const maxBody = ByteSize.mebibytes(256)

/** Says nothing of the address, which can be a secret. */
const failureOf = ({ cause }: HttpClientError.HttpClientError): CallFailed => {
  const { code, trouble } = troubleOf(cause)
  if (trouble !== undefined) return failed(trouble.why, null, trouble.transient)
  return failed(`the request could not be sent${code === "" ? "" : ` (${code})`}`)
}

/** Reads one answer to its end, whatever its status. */
export const sendOnce = (
  client: HttpClient.HttpClient,
  request: HttpClientRequest.HttpClientRequest,
  timeout: Duration.Input
): Effect.Effect<Answer, CallFailed> =>
  client.execute(request).pipe(
    Effect.flatMap((response) =>
      Effect.map(response.arrayBuffer, (buffer) => ({
        status: response.status,
        body: new Uint8Array(buffer),
        location: response.headers["location"]
      }))
    ),
    Effect.mapError(failureOf),
    Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBody),
    Effect.timeoutOrElse({
      duration: timeout,
      orElse: () =>
        Effect.fail(
          failed(`no complete answer within ${Duration.format(Duration.fromInputUnsafe(timeout))}`, null, true)
        )
    })
  )

const looksLikeHtml = (text: string) => /^\s*</.test(text)

const startOf = (answer: Answer) => new TextDecoder().decode(answer.body.subarray(0, 2000)).trim()

/** What the service says about it, for a person; empty where that is a page or nothing. */
export const saidIn = (answer: Answer): string => {
  const text = startOf(answer)
  if (text === "" || looksLikeHtml(text)) return ""
  const message = /"(?:message|errorMessage)"\s*:\s*"((?:[^"\\]|\\.)*)"/u.exec(text)?.[1]
  const words = message === undefined ? text : message.replaceAll(/\\(.)/gsu, "$1")
  return words.replaceAll(/\s+/gu, " ").slice(0, 200)
}

const passing = new Set([408, 429, 500, 502, 503, 504])

/** What an answer other than 2xx means. */
export const failureIn = (answer: Answer): CallFailed => {
  const { status, location } = answer
  if (status === 401 || status === 403) {
    return failed(`answered ${status}: the API key is not accepted, or may not do this`, status)
  }
  if (status >= 300 && status < 400) {
    const to = location === undefined ? "" : ` to ${location.replace(/[?#].*$/s, "").slice(0, 200)}`
    return failed(`answered ${status}, a redirect${to}: is that its address, and not behind a log-in page?`, status)
  }
  const said = saidIn(answer)
  return failed(`answered ${status}${said === "" ? "" : `: ${said}`}`, status, passing.has(status))
}

const decoder = new TextDecoder("utf-8", { fatal: true })

const parse = (answer: Answer): Effect.Effect<unknown, CallFailed> =>
  Effect.try({
    try: (): unknown => {
      throwAway(answer.body.length)
      return JSON.parse(decoder.decode(answer.body))
    },
    catch: () => {
      const text = startOf(answer)
      return failed(
        text === ""
          ? "the answer is empty"
          : looksLikeHtml(text)
            ? "the answer is an HTML page: is that its address, and not behind a log-in page?"
            : "the answer is not JSON, or ends half-way"
      )
    }
  })

/** Null for a 404 of the service itself: that of a proxy before it is no JSON. */
export const goneIn = (answer: Answer): Effect.Effect<null, CallFailed> =>
  Effect.mapBoth(parse(answer), {
    onFailure: () => failed("answered 404, but not as the service does: is that its address?", 404),
    onSuccess: () => null
  })

/** Runs a reader that throws WrongShape. */
export const tryRead = <A>(read: () => A): Effect.Effect<A, CallFailed> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(read())
    } catch (cause) {
      if (!(cause instanceof WrongShape)) throw cause
      return Effect.fail(failed(`the answer has another shape: ${cause.message}`))
    }
  })

/** For people. */
export const shownUrl = (url: string) =>
  url
    .replace(/^(https?:\/\/)[^/?#]*@/i, "$1")
    .replace(/[?#].*$/s, "")
    .replace(/\/+$/, "")

export interface ApiOptions {
  readonly client: HttpClient.HttpClient
  /** With the path that all calls begin with. */
  readonly base: string
  readonly headers: Effect.Effect<Readonly<Record<string, string>>, CallFailed>
  readonly patience: Patience
}

export const makeHttpApi = ({ base, client, headers, patience }: ApiOptions): HttpApi => {
  const tell = (request: HttpClientRequest.HttpClientRequest) =>
    Effect.flatMap(headers, (all) =>
      sendOnce(
        client,
        request.pipe(
          HttpClientRequest.prependUrl(base),
          HttpClientRequest.setHeaders({ accept: "application/json", ...all })
        ),
        patience.timeout
      )
    )

  const read = (path: string, params: Params, accepted: (status: number) => boolean) =>
    tell(HttpClientRequest.get(path, { urlParams: params })).pipe(
      Effect.filterOrElse(
        ({ status }) => accepted(status),
        (answer) => Effect.fail(failureIn(answer))
      ),
      Effect.retry({
        schedule: Schedule.exponential(patience.firstRetry),
        times: 2,
        while: (error) => error.transient
      })
    )

  return {
    tell,
    json: (path, params = {}) =>
      Effect.flatMap(
        read(path, params, (status) => status === 200),
        parse
      ),
    jsonOrGone: (path, params = {}) =>
      Effect.flatMap(
        read(path, params, (status) => status === 200 || status === 404),
        (answer) => (answer.status === 200 ? parse(answer) : goneIn(answer))
      )
  }
}
