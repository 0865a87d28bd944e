import { Context, type Effect } from "effect"

export type NoticeKind = "leaving-soon" | "retired" | "fuse" | "failed"

export interface Notice {
  readonly kind: NoticeKind
  /** One line. */
  readonly title: string
  /** Lines for people: names, sizes, when. Holds no secret. */
  readonly lines: ReadonlyArray<string>
}

/** ntfy, a webhook, mail: whichever are configured. A notice that cannot be sent is logged and stops nothing. */
export class Notifier extends Context.Service<
  Notifier,
  {
    /** Channels that took it, and those that did not with the reason. */
    send(
      notice: Notice
    ): Effect.Effect<ReadonlyArray<{ readonly channel: "ntfy" | "webhook" | "mail"; readonly trouble: string | null }>>
  }
>()("media-pipeline/Notifier") {}
