import { Schema } from "effect"

/*
 * What `--json` prints, as far as the tests look at it: a document that has another form is an error in itself.
 */

const text = Schema.NullOr(Schema.String)
const number = Schema.NullOr(Schema.Finite)

export const Uploaded = Schema.Struct({
  items: Schema.Array(
    Schema.Struct({
      path: Schema.String,
      outcome: Schema.Literals(["uploaded", "failed", "blocked", "deferred"]),
      reason: text,
      destination: Schema.String,
      files: Schema.Natural,
      bytes: Schema.Natural,
      extracted: Schema.NullOr(Schema.Struct({ files: Schema.Natural, bytes: Schema.Natural })),
      extractionFailure: text
    })
  ),
  unchanged: Schema.Natural,
  left: Schema.Array(Schema.Struct({ path: Schema.String, why: Schema.String })),
  stopped: text
})

const Condition = Schema.Struct({
  name: Schema.String,
  met: Schema.Boolean,
  value: Schema.String,
  threshold: Schema.String,
  source: Schema.String,
  metAt: number
})

export const Cleaned = Schema.Struct({
  dryRun: Schema.Boolean,
  mode: Schema.Literals(["untracked", "managed"]),
  items: Schema.Array(
    Schema.Struct({
      path: Schema.String,
      outcome: Schema.String,
      bytes: Schema.Natural,
      reason: text,
      conditions: Schema.Array(Condition),
      earliest: number
    })
  ),
  torrents: Schema.Array(
    Schema.Struct({ hash: Schema.String, name: Schema.String, outcome: Schema.String, reason: text })
  ),
  stopped: text,
  alarming: Schema.Boolean,
  freedBytes: Schema.Natural
})

export const Explained = Schema.Struct({
  subject: Schema.String,
  kind: Schema.Literals(["item", "torrent", "unknown"]),
  summary: Schema.String,
  state: Schema.String,
  destination: text,
  torrents: Schema.Array(Schema.Struct({ hash: Schema.String, name: Schema.String, present: Schema.Boolean })),
  files: Schema.Array(Schema.Struct({ path: Schema.String, proof: text })),
  conditions: Schema.Array(Condition),
  earliest: number
})

export const Status = Schema.Struct({
  items: Schema.Array(Schema.Struct({ state: Schema.String, items: Schema.Natural, bytes: Schema.Natural })),
  tickets: Schema.Array(Schema.Struct({ hash: Schema.String })),
  problems: Schema.Array(Schema.Struct({ path: Schema.String, kind: Schema.String, reason: Schema.String })),
  runs: Schema.Array(Schema.Struct({ command: Schema.String, outcome: Schema.String, summary: text }))
})

export const Restored = Schema.Struct({
  path: Schema.String,
  from: Schema.Literals(["quarantine", "remote", "here"]),
  files: Schema.Natural
})

export const Doctored = Schema.Struct({
  checks: Schema.Array(
    Schema.Struct({
      area: Schema.String,
      name: Schema.String,
      outcome: Schema.Literals(["ok", "warning", "problem"]),
      detail: Schema.String,
      remedy: text
    })
  ),
  problems: Schema.Natural,
  warnings: Schema.Natural
})

/** What an error is with `--json`. */
export const Failed = Schema.Struct({
  error: Schema.Struct({
    tag: Schema.String,
    exitCode: Schema.Int,
    message: Schema.String,
    problems: Schema.optionalKey(Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String })))
  })
})
