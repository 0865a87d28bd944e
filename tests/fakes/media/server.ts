import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { Contract } from "../openapi.ts"

/** An answer. `body` is JSON text already. */
export interface Reply {
  readonly status: number
  readonly body?: string
}

export interface Call {
  readonly method: string
  /** Method and path as the official document writes them: "GET /Items". */
  readonly route: string
  readonly path: string
  readonly query: URLSearchParams
  /** Undefined where there is none. */
  readonly body: unknown
  /** Of the answer; 0 until there is one, and where there never was. */
  status: number
}

export type Parameters = Readonly<Record<string, string>>
export type Handler = (call: Call, parameters: Parameters) => Reply

/**
 * How a call goes wrong. `html`: 200 with a page. `empty`: 200 with nothing. `refused`: dropped unread. `lost`: carried
 * out, then dropped. `refusedAfter`: carried out, and a 500 all the same. `cut`: dropped in the middle of the body.
 * `hang`: no answer ever.
 */
export type Trouble =
  | { readonly kind: "status"; readonly status: number; readonly body?: string }
  | { readonly kind: "html" | "empty" | "refused" | "lost" | "refusedAfter" | "cut" | "hang" }

export interface Page {
  /** Each as JSON text. */
  readonly items: ReadonlyArray<string>
  readonly total: number
  readonly start: number
}

export interface Aim {
  /** A route, "GET /Items"; all of them by default. */
  readonly route?: string
  /** How often; 1 by default. */
  readonly times?: number
  /** How many calls pass before; 0 by default. */
  readonly after?: number
}

export interface FakeServer {
  readonly url: string
  readonly key: string
  readonly keyFile: string
  readonly routes: ReadonlyArray<string>
  readonly calls: ReadonlyArray<Call>
  /** Calls that were to change something. */
  readonly changes: () => ReadonlyArray<Call>
  readonly fail: (trouble: Trouble, aim?: Aim) => void
  /** Runs before a call is carried out; the test can change the world there. */
  readonly onRequest: (route: string, hook: (call: Call) => void | Promise<void>, aim?: Omit<Aim, "route">) => void
  /** Changes pages of a listing on their way out: an empty one, a total that lies. */
  readonly onPage: (route: string, change: (page: Page) => Page, aim?: Omit<Aim, "route">) => void
  readonly heal: () => void
  /** Empties the log. */
  readonly forget: () => void
  readonly violations: ReadonlyArray<string>
  readonly stop: () => Promise<void>
}

export interface ServerOptions {
  readonly name: string
  readonly key: string
  readonly keyFile: string
  /** By "METHOD /path/{parameter}". */
  readonly routes: Readonly<Record<string, (page: (page: Page) => Page) => Handler>>
  /** Null: let it pass. */
  readonly refuse: (request: IncomingMessage, target: URL) => Reply | null
  readonly contract: Contract | null
  /** Prefix of all paths that the document does not write. */
  readonly base?: string
  /** After a call that was to change something. */
  readonly changed: () => void
  readonly port?: number
}

interface Route {
  readonly key: string
  readonly method: string
  readonly parts: ReadonlyArray<string>
  readonly make: (page: (page: Page) => Page) => Handler
}

const htmlPage = "<!DOCTYPE html>\n<html><head><title>Bad Gateway</title></head><body>Try again later.</body></html>"

export const json = (value: unknown, status = 200): Reply => ({ status, body: JSON.stringify(value) })
export const texts = (items: ReadonlyArray<string>): Reply => ({ status: 200, body: `[${items.join(",")}]` })

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

const matches = (route: Route, method: string, parts: ReadonlyArray<string>): Parameters | null => {
  if (route.method !== method || route.parts.length !== parts.length) return null
  const parameters: Record<string, string> = {}
  for (const [index, part] of route.parts.entries()) {
    const given = parts[index] ?? ""
    if (part.startsWith("{")) parameters[part.slice(1, -1)] = decodeURIComponent(given)
    else if (part !== given) return null
  }
  return parameters
}

const write = (response: ServerResponse, reply: Reply, type = "application/json; charset=utf-8"): Buffer => {
  const body = Buffer.from(reply.body ?? "")
  response.writeHead(reply.status, {
    ...(body.length === 0 ? {} : { "content-type": type }),
    ...(reply.status === 204 ? {} : { "content-length": body.length })
  })
  return body
}

interface Shot<Payload> extends Aim {
  readonly payload: Payload
  left: number
  wait: number
}
const takeAim = <Payload>(payload: Payload, aim: Aim): Shot<Payload> => ({
  ...aim,
  payload,
  left: aim.times ?? 1,
  wait: aim.after ?? 0
})
const hit = <Payload>(shots: ReadonlyArray<Shot<Payload>>, route: string): Payload | undefined => {
  for (const shot of shots) {
    if (shot.left <= 0 || (shot.route !== undefined && shot.route !== route)) continue
    if (shot.wait > 0) {
      shot.wait -= 1
      continue
    }
    shot.left -= 1
    return shot.payload
  }
  return undefined
}

const parsed = (text: string): unknown => {
  if (text === "") return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** An HTTP server on loopback with the routes of one service, and the troubles that a test asks for. */
export const startServer = async (options: ServerOptions): Promise<FakeServer> => {
  const base = options.base ?? ""
  const calls: Array<Call> = []
  const violations: Array<string> = []
  let troubles: Array<Shot<Trouble>> = []
  let hooks: Array<Shot<(call: Call) => void | Promise<void>>> = []
  let pageChanges: Array<Shot<(page: Page) => Page>> = []
  // Those without parameters come first: "/episodefile/bulk" is no id.
  const routes: ReadonlyArray<Route> = Object.entries(options.routes)
    .map(([key, make]) => {
      const [method = "", path = ""] = key.split(" ")
      return { key, method, parts: path.split("/"), make }
    })
    .toSorted((a, b) => Number(a.key.includes("{")) - Number(b.key.includes("{")))

  const misbehave = (response: ServerResponse, trouble: Trouble, perform: () => Reply): void => {
    switch (trouble.kind) {
      case "status": {
        const body = trouble.body ?? JSON.stringify({ message: "Internal Server Error" })
        return void response.end(write(response, { status: trouble.status, body }))
      }
      case "html":
        return void response.end(write(response, { status: 200, body: htmlPage }, "text/html"))
      case "empty":
        return void response.end(write(response, { status: 200 }))
      case "refused":
        return void response.destroy()
      case "lost":
        perform()
        return void response.destroy()
      case "refusedAfter":
        perform()
        return void response.end(write(response, json({ message: "Unable to delete file" }, 500)))
      case "cut": {
        const body = write(response, perform())
        response.write(body.subarray(0, body.length / 2), () => response.destroy())
        return
      }
      case "hang":
        return
    }
  }

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = new URL(request.url ?? "/", "http://fake")
    const method = request.method ?? "GET"
    const text = await bodyOf(request)
    // Kestrel's limit for a request line.
    if ((request.url ?? "").length > 8192 - 32) return void response.end(write(response, { status: 414 }))
    const parts = target.pathname.slice(base.length).split("/")
    const inside = target.pathname.startsWith(`${base}/`)
    const found = inside
      ? routes.flatMap((route) => {
          const parameters = matches(route, method, parts)
          return parameters === null ? [] : [{ route, parameters }]
        })[0]
      : undefined
    const route = found === undefined ? `${method} ${target.pathname}` : found.route.key
    const call: Call = {
      method,
      route,
      path: target.pathname,
      query: target.searchParams,
      body: parsed(text),
      status: 0
    }
    calls.push(call)
    await hit(hooks, route)?.(call)
    const tell = (found: ReadonlyArray<string>) =>
      violations.push(...found.map((one) => `${options.name} ${method} ${request.url}: ${one}`))
    const asked = { method, path: target.pathname.slice(base.length), query: target.searchParams }
    if (options.contract !== null) {
      tell(options.contract.request({ ...asked, body: call.body, type: request.headers["content-type"] ?? "" }))
    }
    const perform = (): Reply => {
      const refused = options.refuse(request, target)
      const change = (page: Page): Page => hit(pageChanges, route)?.(page) ?? page
      let reply: Reply
      try {
        reply = refused ?? found?.route.make(change)(call, found.parameters) ?? { status: 404 }
      } catch (cause) {
        violations.push(`${options.name} ${method} ${request.url}: the fake failed: ${String(cause)}`)
        reply = { status: 500 }
      }
      call.status = reply.status
      if (method !== "GET" && refused === null) options.changed()
      if (options.contract !== null) tell(options.contract.response({ ...asked, ...reply }))
      return reply
    }
    const trouble = hit(troubles, route)
    if (trouble !== undefined) return misbehave(response, trouble, perform)
    response.end(write(response, perform()))
  }

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.listen(options.port ?? 0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the fake has no TCP address")

  return {
    url: `http://127.0.0.1:${address.port}`,
    key: options.key,
    keyFile: options.keyFile,
    routes: Object.keys(options.routes),
    calls,
    changes: () => calls.filter(({ method }) => method !== "GET"),
    fail: (trouble, aim = {}) => void troubles.push(takeAim(trouble, aim)),
    onRequest: (route, hook, aim = {}) => void hooks.push(takeAim(hook, { ...aim, route })),
    onPage: (route, change, aim = {}) => void pageChanges.push(takeAim(change, { ...aim, route })),
    heal: () => {
      troubles = []
      hooks = []
      pageChanges = []
    },
    forget: () => void calls.splice(0),
    violations,
    stop: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    }
  }
}
