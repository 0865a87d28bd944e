import { DateTime, type Duration, Effect, Redacted } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import { type CallFailed, failed, sendOnce } from "../../platform/HttpApi.ts"
import type { Notice } from "../Notifier.ts"
import { readSecret } from "../TorrentClient/secrets.ts"

export interface WebhookOptions {
  readonly client: HttpClient.HttpClient
  readonly timeout: Duration.Input
  readonly urlFile: string
}

const option = "watched.notify.webhook.urlFile"

/** One POST of `{kind, title, lines, at}`, `at` in ISO 8601; never repeated. Nothing it says holds the address. */
export const sendWebhook = (
  { client, timeout, urlFile }: WebhookOptions,
  { kind, lines, title }: Notice
): Effect.Effect<void, CallFailed> =>
  Effect.gen(function* () {
    const url = yield* readSecret(option, urlFile, /^[\x21-\x7e]+$/).pipe(Effect.mapError(({ why }) => failed(why)))
    const address = Redacted.value(url)
    if (!/^https?:\/\//iu.test(address) || !URL.canParse(address)) {
      return yield* failed(`${option} ${urlFile} holds no http or https address`)
    }
    const at = DateTime.formatIso(yield* DateTime.now)
    const request = HttpClientRequest.post(address).pipe(HttpClientRequest.bodyJsonUnsafe({ kind, title, lines, at }))
    const { status } = yield* sendOnce(client, request, timeout)
    if (status < 200 || status >= 300) return yield* failed(`answered ${status}`)
  }).pipe(Effect.withTracerEnabled(false))
