/** What B2 answers instead of a result: `{status, code, message}`. */
export class B2Error extends Error {
  readonly status: number
  readonly code: string
  readonly retryAfter: number | undefined
  readonly html: string | undefined

  constructor(status: number, code: string, message: string, more: { retryAfter?: number; html?: string } = {}) {
    super(message)
    this.status = status
    this.code = code
    this.retryAfter = more.retryAfter
    this.html = more.html
  }
}

/** The socket is to be destroyed without an answer. */
export class Dropped extends Error {}

export const badRequest = (message: string): B2Error => new B2Error(400, "bad_request", message)
export const notFound = (message: string): B2Error => new B2Error(404, "not_found", message)
export const badAuthToken = (): B2Error => new B2Error(401, "bad_auth_token", "")
export const expiredAuthToken = (): B2Error => new B2Error(401, "expired_auth_token", "Authorization token has expired")
export const unauthorized = (message: string): B2Error => new B2Error(401, "unauthorized", message)
