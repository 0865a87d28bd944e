import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { Effect, Schema, type Scope } from "effect"
import { type Call, type FakeDials, type FakeOptions, makeState, type Reply, text } from "./qbittorrent-state.ts"
import type { FakeTorrent, TorrentSpec } from "./qbittorrent-torrents.ts"

/**
 * How a call goes wrong. `refused`: the connection is dropped unread. `lost`: carried out, then dropped. `cut`: dropped
 * in the middle of the body. `truncated`: half of the body as a whole answer. `silent`: no answer. `stalled`: half of
 * the body, and then nothing more.
 */
export const Trouble = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("status"), status: Schema.Int, body: Schema.optionalKey(Schema.String) }),
  Schema.Struct({
    kind: Schema.Literals(["html", "empty", "refused", "lost", "cut", "truncated", "silent", "stalled"])
  })
])
export type Trouble = typeof Trouble.Type

export interface FakeQbittorrent {
  readonly url: string
  readonly username: string
  readonly password: string
  readonly calls: ReadonlyArray<Call>
  readonly torrents: ReadonlyMap<string, FakeTorrent>
  readonly set: (dials: Partial<FakeDials>) => void
  /** The next `times` calls whose path starts with `path` go wrong so. */
  readonly fail: (trouble: Trouble, options?: { readonly times?: number; readonly path?: string }) => void
  readonly heal: () => void
  readonly expireSessions: () => void
  readonly add: (spec: TorrentSpec) => FakeTorrent
  readonly drop: (hash: string) => void
  /** SIGKILL, and the client started anew with what it had written down. */
  readonly crash: () => void
  /** Infohashes that ran with pieces lacking, which may have been written into. No relocation may ever put one here. */
  readonly startedBelow: ReadonlyArray<string>
  readonly stop: () => Promise<void>
}

const htmlPage = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>"
const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

const foreign = (request: IncomingMessage): boolean =>
  [request.headers.origin, request.headers.referer].some(
    (value) => value !== undefined && URL.canParse(value) && new URL(value).host !== request.headers.host
  )

const write = (response: ServerResponse, reply: Reply) => {
  if (reply.cookie !== undefined) response.setHeader("set-cookie", reply.cookie)
  const body = Buffer.from(reply.body ?? "")
  response.writeHead(reply.status, {
    "content-type": reply.type ?? "text/plain; charset=UTF-8",
    ...(reply.status === 204 ? {} : { "content-length": body.length })
  })
  return body
}

const misbehave = (response: ServerResponse, trouble: Trouble, perform: () => Reply): void => {
  switch (trouble.kind) {
    case "status":
      return void response.end(write(response, text(trouble.status, trouble.body ?? "Internal Server Error")))
    case "html":
      return void response.end(write(response, { status: 200, type: "text/html", body: htmlPage }))
    case "empty":
      return void response.end(write(response, text(200, "")))
    case "refused":
      return void response.destroy()
    case "lost":
      perform()
      return void response.destroy()
    case "silent":
      return
    case "truncated": {
      const reply = perform()
      const body = Buffer.from(reply.body ?? "")
      return void response.end(write(response, { ...reply, body: body.subarray(0, body.length / 2) }))
    }
    case "cut":
    case "stalled": {
      const body = write(response, perform())
      response.write(body.subarray(0, body.length / 2), () => {
        if (trouble.kind === "cut") response.destroy()
      })
    }
  }
}

/** Starts an HTTP twin of qBittorrent's Web API on loopback: what the worker calls, with state and with troubles. */
export const startFakeQbittorrent = async (options: FakeOptions = {}): Promise<FakeQbittorrent> => {
  const state = makeState(options)
  const calls: Array<Call> = []
  let troubles: Array<{ readonly trouble: Trouble; readonly path: string; left: number }> = []

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = new URL(request.url ?? "/", "http://fake")
    if (!target.pathname.startsWith("/api/v2/")) {
      return void response.end(write(response, { status: 200, type: "text/html", body: htmlPage }))
    }
    const form = new URLSearchParams(await bodyOf(request))
    const call: Call = {
      method: request.method ?? "GET",
      path: target.pathname.slice("/api/v2".length),
      fields: Object.fromEntries([...target.searchParams, ...form]),
      as: state.identify(request.headers.authorization, request.headers.cookie ?? "")
    }
    calls.push(call)
    const perform = () =>
      foreign(request) ? text(401, "Unauthorized") : state.perform(call, request.socket.localPort ?? 0)
    const next = troubles.find((one) => one.left > 0 && call.path.startsWith(one.path))
    if (next === undefined) return void response.end(write(response, perform()))
    next.left -= 1
    misbehave(response, next.trouble, perform)
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
    username: state.username,
    password: state.password,
    calls,
    torrents: state.torrents,
    set: state.set,
    fail: (trouble, { times = 1, path = "" } = {}) => {
      troubles.push({ trouble, path, left: times })
    },
    heal: () => {
      troubles = []
    },
    expireSessions: state.expireSessions,
    add: state.add,
    drop: (hash) => {
      state.torrents.delete(hash)
    },
    crash: state.steering.crash,
    startedBelow: state.steering.startedBelow,
    stop: async () => {
      state.steering.end()
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    }
  }
}

/** The same, stopped with the scope. */
export const fakeQbittorrent = (options: FakeOptions = {}): Effect.Effect<FakeQbittorrent, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => startFakeQbittorrent(options)),
    (fake) => Effect.promise(() => fake.stop())
  )
