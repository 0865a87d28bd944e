import { Effect, Layer } from "effect"
import { HttpClient } from "effect/http"
import { AppConfig } from "../../config/AppConfig.ts"
import { type CallFailed, type Patience, patient } from "../../platform/HttpApi.ts"
import { httpLayer } from "../Arr/connection.ts"
import { type Notice, Notifier } from "../Notifier.ts"
import { sendNtfy } from "./ntfy.ts"
import { sendMail } from "./sendmail.ts"
import { sendWebhook } from "./webhook.ts"

type Channel = "ntfy" | "webhook" | "mail"

const make = ({ timeout }: Pick<Patience, "timeout">) =>
  Effect.gen(function* () {
    const client = yield* HttpClient.HttpClient
    const { watched } = yield* AppConfig
    const notify = watched?.notify
    const channels: Array<{ channel: Channel; send: (notice: Notice) => Effect.Effect<void, CallFailed> }> = []
    if (notify?.ntfy !== undefined) {
      const { tokenFile, url } = notify.ntfy
      channels.push({ channel: "ntfy", send: (notice) => sendNtfy({ client, timeout, url, tokenFile }, notice) })
    }
    if (notify?.webhook !== undefined) {
      const { urlFile } = notify.webhook
      channels.push({ channel: "webhook", send: (notice) => sendWebhook({ client, timeout, urlFile }, notice) })
    }
    if (notify?.mail !== undefined) {
      const { from, sendmail, to } = notify.mail
      channels.push({ channel: "mail", send: (notice) => sendMail({ to, from, sendmail }, notice) })
    }
    return Notifier.of({
      send: (notice) =>
        notify?.on.includes(notice.kind) === true
          ? Effect.forEach(
              channels,
              ({ channel, send }) =>
                send(notice).pipe(
                  Effect.as(null),
                  Effect.catchTag("CallFailed", ({ why }) =>
                    Effect.as(Effect.logWarning(`a notice could not be sent by ${channel}: ${why}`), why)
                  ),
                  Effect.map((trouble) => ({ channel, trouble }))
                ),
              { concurrency: 3 }
            )
          : Effect.succeed([])
    })
  })

export const layerWith = (patience: Pick<Patience, "timeout">): Layer.Layer<Notifier, never, AppConfig> =>
  Layer.effect(Notifier, make(patience)).pipe(Layer.provide(httpLayer))

/** ntfy, a webhook and sendmail: those that `watched.notify` has. */
export const layer: Layer.Layer<Notifier, never, AppConfig> = layerWith(patient)
