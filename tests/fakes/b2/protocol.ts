import { Schema } from "effect"
import { isCallName, type CallName } from "./calls.ts"

/** What goes over `/_admin/`: the same shapes as in process. */

const Call = Schema.String.pipe(Schema.refine((value: string): value is CallName => isCallName(value)))

export const Rule = Schema.Struct({
  on: Schema.Union([Schema.Literal("*"), Call, Schema.Array(Call)]),
  match: Schema.optionalKey(Schema.String),
  nth: Schema.optionalKey(Schema.Finite),
  times: Schema.optionalKey(Schema.Finite),
  status: Schema.optionalKey(Schema.Finite),
  code: Schema.optionalKey(Schema.String),
  message: Schema.optionalKey(Schema.String),
  retryAfter: Schema.optionalKey(Schema.Finite),
  body: Schema.optionalKey(Schema.String),
  drop: Schema.optionalKey(Schema.Literals(["before", "mid-body", "after"])),
  hang: Schema.optionalKey(Schema.Boolean),
  delay: Schema.optionalKey(Schema.Finite)
})

export const LedgerReport = Schema.Struct({
  calls: Schema.Array(
    Schema.Struct({
      at: Schema.Finite,
      call: Call,
      class: Schema.Literals(["a", "b", "c"]),
      name: Schema.String,
      bucket: Schema.String,
      part: Schema.Finite,
      status: Schema.Finite,
      code: Schema.String,
      bytes: Schema.Finite
    })
  ),
  counts: Schema.Struct({ a: Schema.Finite, b: Schema.Finite, c: Schema.Finite }),
  billed: Schema.Finite
})

export const Files = Schema.Array(
  Schema.Struct({
    name: Schema.String,
    fileId: Schema.String,
    action: Schema.Literals(["upload", "hide", "start"]),
    size: Schema.Finite,
    contentSha1: Schema.String,
    contentType: Schema.String,
    fileInfo: Schema.Record(Schema.String, Schema.String),
    uploadTimestamp: Schema.Finite,
    parts: Schema.Finite
  })
)

export const SettingsChange = Schema.Struct({
  latency: Schema.optionalKey(Schema.Finite),
  bandwidth: Schema.optionalKey(Schema.Finite)
})

export const TamperOrder = Schema.Union([
  Schema.Struct({ op: Schema.Literals(["hide", "delete"]), name: Schema.String }),
  Schema.Struct({ op: Schema.Literal("truncate"), name: Schema.String, size: Schema.Finite }),
  Schema.Struct({ op: Schema.Literal("overwrite"), name: Schema.String, offset: Schema.Finite, base64: Schema.String }),
  Schema.Struct({ op: Schema.Literal("put"), name: Schema.String, base64: Schema.String }),
  Schema.Struct({ op: Schema.Literal("backdate"), name: Schema.String, at: Schema.Finite })
])

export const Announcement = Schema.Struct({
  url: Schema.String,
  bucket: Schema.String,
  account: Schema.String,
  key: Schema.String
})

export type LedgerReport = typeof LedgerReport.Type
export type SettingsChange = typeof SettingsChange.Type
export type TamperOrder = typeof TamperOrder.Type
export type Announcement = typeof Announcement.Type
