import { Effect, Schema } from "effect"

// The `u` flag is what lets a pattern into the JSON Schema.
export const AbsolutePath = Schema.String.check(
  Schema.isPattern(/^(?!.*\/\.{0,2}(?:\/|$))\/.*$/u, {
    expected: "an absolute path without . or .. and without a slash at its end"
  })
)
// A container may see the host's files at its root, or the other way round.
export const MapPath = Schema.String.check(
  Schema.isPattern(/^\/$|^(?!.*\/\.{0,2}(?:\/|$))\/.*$/u, {
    expected: "an absolute path without . or .. and without a slash at its end"
  })
)
export const HttpUrl = Schema.String.check(
  Schema.isPattern(/^https?:\/\/[^/\s]+/u, { expected: "a URL such as http://127.0.0.1:8080" })
)
export const RemoteName = Schema.String.check(
  Schema.isPattern(/^(?!-).+:|^\//u, { expected: "an rclone remote such as b2:my-bucket (see rclone listremotes)" })
)
export const RemotePath = Schema.String.check(
  Schema.isPattern(/^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))(?!.*\/\/).*(?<!\/)$/u, {
    expected: "a relative path without . or .. and without a slash at either end"
  })
)
export const Timetable = Schema.String.check(
  Schema.isPattern(
    /^(?:off|[\d.]+[BKMGTPkmgtp]?(?::(?:off|[\d.]+[BKMGTPkmgtp]?))?|(?:(?:[A-Z][a-z]{2}-)?\d\d:\d\d,\S+\s*)+)$/u,
    { expected: 'a limit such as 2M, or a timetable such as "08:00,2M 23:00,off"' }
  )
)
export const DurationText = Schema.String.check(
  Schema.isPattern(/^\d+(?:\.\d+)? (?:nano|micro|milli|second|minute|hour|day|week)s?$/u, {
    expected: 'a duration such as "7 days" or "36 hours"'
  })
)
export const Bytes = Schema.Natural

export const withDefault = <S extends Schema.Top>(schema: S, value: S["Encoded"]) =>
  schema.pipe(Schema.withDecodingDefaultKey(Effect.succeed(value)))

// What the JSON Schema shows must sit on the encoded side: `description` and `default` on the text, not on the duration.
export const duration = (description: string) =>
  DurationText.annotate({ description }).pipe(Schema.decodeTo(Schema.DurationFromString))
export const durationOr = (value: string, description: string) =>
  withDefault(
    DurationText.annotate({ description, default: value }).pipe(Schema.decodeTo(Schema.DurationFromString)),
    value
  )
