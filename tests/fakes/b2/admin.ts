import { Schema } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { B2Emulator } from "./emulator.ts"
import { B2Error } from "./errors.ts"
import { readText, sendError, sendJson } from "./exchange.ts"
import { Rule, SettingsChange, TamperOrder, type LedgerReport } from "./protocol.ts"

const parseRule = Schema.decodeUnknownSync(Schema.fromJsonString(Rule))
const parseSettings = Schema.decodeUnknownSync(Schema.fromJsonString(SettingsChange))
const parseTamper = Schema.decodeUnknownSync(Schema.fromJsonString(TamperOrder))

const tamper = (emulator: B2Emulator, order: TamperOrder): void => {
  switch (order.op) {
    case "hide":
      return emulator.tamper.hide(order.name)
    case "delete":
      return emulator.tamper.delete(order.name)
    case "truncate":
      return emulator.tamper.truncate(order.name, order.size)
    case "overwrite":
      return emulator.tamper.overwrite(order.name, order.offset, Buffer.from(order.base64, "base64"))
    case "put":
      return emulator.tamper.put(order.name, Buffer.from(order.base64, "base64"))
    case "backdate":
      return emulator.tamper.backdate(order.name, order.at)
  }
}

const ledgerOf = ({ ledger }: B2Emulator): LedgerReport => ({
  calls: ledger.calls,
  counts: ledger.counts(),
  billed: ledger.billed()
})

const rangeOf = (query: URLSearchParams): { start: number; end: number } | undefined => {
  const start = query.get("start")
  const end = query.get("end")
  return start === null || end === null ? undefined : { start: Number(start), end: Number(end) }
}

const get = async (emulator: B2Emulator, what: string, query: URLSearchParams): Promise<unknown> => {
  if (what === "ledger") return ledgerOf(emulator)
  if (what === "files") return emulator.files()
  if (what === "versions") return emulator.versions()
  if (what === "unfinished") return emulator.unfinished()
  if (what === "sha1") return emulator.sha1Of(query.get("name") ?? "")
  if (what === "bytes") return emulator.bytesOf(query.get("name") ?? "", rangeOf(query))
  throw new B2Error(404, "not_found", what)
}

const post = (emulator: B2Emulator, what: string, body: string): void => {
  if (what === "fail") {
    emulator.fail(parseRule(body))
  } else if (what === "settings") {
    const { latency, bandwidth } = parseSettings(body)
    emulator.latency = latency ?? emulator.latency
    emulator.bandwidth = bandwidth ?? emulator.bandwidth
  } else if (what === "tamper") {
    tamper(emulator, parseTamper(body))
  } else if (what === "ledger-reset") {
    emulator.ledger.reset()
  } else if (what === "clear-faults") {
    emulator.clearFaults()
  } else if (what === "revoke") {
    emulator.revoke()
  } else if (what === "unrevoke") {
    emulator.unrevoke()
  } else if (what === "expire-tokens") {
    emulator.expireTokens()
  } else if (what === "delete-bucket") {
    emulator.deleteBucket()
  } else if (what === "reset") {
    emulator.reset()
  } else {
    throw new B2Error(404, "not_found", what)
  }
}

/** For tests and benches in another process; not in the ledger, and without latency or faults. */
export const handleAdmin = async (emulator: B2Emulator, request: IncomingMessage, response: ServerResponse) => {
  try {
    const url = new URL(request.url ?? "/", emulator.url)
    const what = url.pathname.slice("/_admin/".length)
    if (request.method === "POST") {
      post(emulator, what, await readText(request))
      sendJson(response, 200, {})
      return
    }
    const answer = await get(emulator, what, url.searchParams)
    if (answer instanceof Buffer) response.writeHead(200, { "content-length": answer.length }).end(answer)
    else sendJson(response, 200, answer)
  } catch (error) {
    sendError(response, error instanceof B2Error ? error : new B2Error(400, "bad_request", String(error)))
  }
}
