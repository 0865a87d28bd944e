import { shownRemote } from "../../domain/remoteName.ts"
import { RemoteError, type RemoteErrorClass } from "../Remote.ts"

type Class = typeof RemoteErrorClass.Type

/** B2 words its errors `message (status code)`; rclone passes them on. S3-like backends say `StatusCode: 403`. */
const statusOf = (message: string): { readonly status: number; readonly code: string } | undefined => {
  const b2 = /\((\d{3}) ([a-z_0-9]+)\)/.exec(message)
  if (b2 !== null) return { status: Number(b2[1]), code: b2[2] ?? "" }
  const http = /(?:StatusCode: |HTTP error |googleapi: Error )(\d{3})/.exec(message)
  return http === null ? undefined : { status: Number(http[1]), code: "" }
}

const gone =
  /bad_bucket_id|bucket_not_found|no_such_bucket|NoSuchBucket|bucket .* not found|directory not found.*bucket|didn't find section|InvalidAccessKeyId|SignatureDoesNotMatch/i
const capped =
  /cap_exceeded|QuotaExceeded|storageQuotaExceeded|insufficient_space|quota exceeded|no space left on device|remaining disk space/i

/** What B2 says to a second finish: the first may have been done, and only its answer lost. */
export const isFinishLost = (message: string): boolean => /no active upload/i.test(message)

export const classify = (message: string): Class => {
  if (capped.test(message)) return "capped"
  if (gone.test(message)) return "denied"
  const found = statusOf(message)
  if (found === undefined) return "transient"
  if (found.status === 401 || found.status === 403) return "denied"
  if (found.status === 408 || found.status === 429 || found.status >= 500) return "transient"
  // A finish whose answer was lost is refused when it is repeated; the next listing tells whether the file is there.
  if (isFinishLost(message) || /large file|fileId|not.*in.*progress|already.*finished/i.test(message))
    return "transient"
  return found.status >= 400 ? "permanent" : "transient"
}

/** The remote is shown without the options that it may carry, which hold keys. */
export const toRemoteError = (remote: string, operation: string, message: string): RemoteError => {
  const shown = shownRemote(remote)
  const why = message.replaceAll(remote, shown).trim().slice(0, 600)
  return new RemoteError({ remote: shown, operation, class: classify(message), why })
}
