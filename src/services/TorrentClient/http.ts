import { ByteSize, Data, Effect } from "effect"
import {
  Cookies,
  type HttpClient,
  type HttpClientError,
  type HttpClientRequest,
  HttpIncomingMessage
} from "effect/http"
import { troubleOf } from "../../platform/HttpTrouble.ts"

/** One call went wrong. `transient`: the same call may well succeed a second later. */
export class CallFailed extends Data.TaggedError("CallFailed")<{
  readonly why: string
  readonly transient: boolean
}> {}

export interface Answer {
  readonly status: number
  readonly body: Uint8Array
  readonly cookies: Cookies.Cookies
  readonly location: string | undefined
}

export type Send = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<Answer, CallFailed>

// The list of 30,000 torrents; a page that never ends must not fill the memory.
const maxBody = ByteSize.mebibytes(64)

const failureOf = ({ cause }: HttpClientError.HttpClientError): CallFailed => {
  const { trouble } = troubleOf(cause)
  if (trouble !== undefined) return new CallFailed(trouble)
  const why = cause instanceof Error ? cause.message : "the request could not be sent"
  return new CallFailed({ why, transient: false })
}

/** Reads each answer to its end, whatever its status. Fails only where there is no complete answer. */
export const makeSend =
  (client: HttpClient.HttpClient): Send =>
  (request) =>
    client.execute(request).pipe(
      Effect.flatMap((response) =>
        Effect.map(response.arrayBuffer, (buffer) => ({
          status: response.status,
          body: new Uint8Array(buffer),
          cookies: response.cookies,
          location: response.headers["location"]
        }))
      ),
      Effect.mapError(failureOf),
      Effect.provideService(HttpIncomingMessage.MaxBodySize, maxBody)
    )

const decoder = new TextDecoder("utf-8", { fatal: true })

/** Fails with the reason a person needs; the text itself is from outside and can be anything. */
export const textOf = (answer: Answer): Effect.Effect<string, CallFailed> =>
  Effect.try({
    try: () => decoder.decode(answer.body),
    catch: () => new CallFailed({ why: "the answer is not text", transient: false })
  })

export const looksLikeHtml = (text: string): boolean => /^\s*</.test(text)

const excerpt = (answer: Answer): string => {
  const text = new TextDecoder().decode(answer.body.subarray(0, 200)).trim()
  return text === "" || looksLikeHtml(text) ? "" : `: ${text.replaceAll(/\s+/g, " ").slice(0, 120)}`
}

const passing = new Set([408, 429, 500, 502, 503, 504])

/** Keeps what was done; every other status is a failure with its reason. */
export const filterDone = (answer: Answer): Effect.Effect<Answer, CallFailed> => {
  const { status } = answer
  if (status === 200 || status === 204) return Effect.succeed(answer)
  const why =
    status === 401
      ? "answered 401: it does not take calls under this host name; add it to Server domains in its Web UI options"
      : status >= 300 && status < 400
        ? `answered ${status}, a redirect${answer.location === undefined ? "" : ` to ${answer.location.replace(/[?#].*$/s, "")}`}`
        : `answered ${status}${excerpt(answer)}`
  return Effect.fail(new CallFailed({ why, transient: passing.has(status) }))
}
