export interface Trouble {
  /** For people; names no address, which can be a secret. */
  readonly why: string
  /** The same call may well succeed a second later. */
  readonly transient: boolean
}

const passing = (why: string): Trouble => ({ why, transient: true })
const lasting = (why: string): Trouble => ({ why, transient: false })
const closed = passing("the connection was closed before the answer was complete")

const troubles: ReadonlyMap<string, Trouble> = new Map([
  ["ECONNREFUSED", passing("connection refused")],
  ["ECONNRESET", closed],
  ["ERR_STREAM_PREMATURE_CLOSE", closed],
  ["EPIPE", closed],
  ["ETIMEDOUT", passing("the connection timed out")],
  ["EAI_AGAIN", passing("the host name cannot be resolved just now")],
  ["EHOSTUNREACH", passing("no route to the host")],
  ["ENETUNREACH", passing("no route to the network")],
  ["ENOTFOUND", lasting("there is no such host")],
  ["HPE_INVALID_CONSTANT", lasting("what answers there does not speak HTTP")]
])

const codeOf = (cause: unknown): string =>
  typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" ? cause.code : ""

/** Why there was no complete answer, by the error's code; undefined where the code says nothing that we know. */
export const troubleOf = (cause: unknown): { readonly code: string; readonly trouble: Trouble | undefined } => {
  const code = codeOf(cause)
  return { code, trouble: troubles.get(code) }
}
