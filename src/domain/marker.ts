import { Option, Schema } from "effect"

/** What `<item>.uploaded` says: for people and for a first look, never for a decision. */
export interface Marker {
  /** SHA-256 of the item's manifest, lower-case hex. */
  readonly digest: string
  readonly files: number
  readonly bytes: number
  /** Where it lies, such as `b2:bucket/downloads/X`. */
  readonly remote: string
  /** ISO 8601, UTC. */
  readonly uploadedAt: string
}

const Line = Schema.fromJsonString(
  Schema.Struct({
    "media-pipeline": Schema.Literal(1),
    digest: Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/)),
    files: Schema.Natural,
    bytes: Schema.Natural,
    remote: Schema.String,
    uploadedAt: Schema.String
  })
)
const decode = Schema.decodeUnknownOption(Line)

/** One JSON line. */
export const print = (marker: Marker): string =>
  `${JSON.stringify({
    "media-pipeline": 1,
    digest: marker.digest,
    files: marker.files,
    bytes: marker.bytes,
    remote: marker.remote,
    uploadedAt: marker.uploadedAt
  })}\n`

/** Undefined for anything that we did not write, an empty `.uploaded` of another tool included. */
export const parse = (text: string): Marker | undefined =>
  Option.getOrUndefined(
    Option.map(decode(text.trim()), ({ digest, files, bytes, remote, uploadedAt }) => ({
      digest,
      files,
      bytes,
      remote,
      uploadedAt
    }))
  )
