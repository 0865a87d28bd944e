import { type Duration, Effect, Redacted } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import { failed, sendOnce, type CallFailed } from "../../platform/HttpApi.ts"
import type { Notice, NoticeKind } from "../Notifier.ts"
import { readSecret } from "../TorrentClient/secrets.ts"
import { headerText } from "./encoded.ts"

export interface NtfyOptions {
  readonly client: HttpClient.HttpClient
  readonly timeout: Duration.Input
  readonly url: string
  readonly tokenFile: string | undefined
}

const tags: Record<NoticeKind, string> = {
  "leaving-soon": "hourglass_flowing_sand",
  retired: "wastebasket",
  fuse: "rotating_light",
  failed: "warning"
}
const priorities: Record<NoticeKind, string> = {
  "leaving-soon": "default",
  retired: "low",
  fuse: "high",
  failed: "high"
}

// ntfy takes a longer one for a file.
const maxBytes = 3900

/** As many lines as fit, and how many do not. */
export const bodyOf = (lines: ReadonlyArray<string>): string => {
  const kept: Array<string> = []
  let bytes = 0
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1
    if (bytes > maxBytes - 40) return [...kept, `… and ${lines.length - kept.length} more`].join("\n")
    kept.push(line)
  }
  return kept.join("\n")
}

/** One POST, never repeated. */
export const sendNtfy = (
  { client, timeout, tokenFile, url }: NtfyOptions,
  notice: Notice
): Effect.Effect<void, CallFailed> =>
  Effect.gen(function* () {
    const token =
      tokenFile === undefined
        ? undefined
        : yield* readSecret("watched.notify.ntfy.tokenFile", tokenFile, /^[\x21-\x7e]+$/).pipe(
            Effect.mapError(({ why }) => failed(why))
          )
    const request = HttpClientRequest.post(url).pipe(
      HttpClientRequest.bodyText(bodyOf(notice.lines), "text/plain; charset=utf-8"),
      HttpClientRequest.setHeaders({
        title: headerText(notice.title, " "),
        tags: tags[notice.kind],
        priority: priorities[notice.kind],
        ...(token === undefined ? {} : { authorization: `Bearer ${Redacted.value(token)}` })
      })
    )
    const { status } = yield* sendOnce(client, request, timeout)
    if (status === 401 || status === 403) return yield* failed(`answered ${status}: the token may not publish there`)
    if (status < 200 || status >= 300) return yield* failed(`answered ${status}`)
  })
