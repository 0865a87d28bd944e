import { Effect } from "effect"
import { createServer, request } from "node:http"

export interface Proxy {
  url: string
  /** Where calls go from now on; undefined: the connection is dropped, as by a client that is down. */
  target: string | undefined
  /** Runs before a call is passed on, which waits for it; `number` counts calls of that path from 1. */
  before: (path: string, number: number) => Promise<void>
}

/** Passes on HTTP calls on loopback, so that a test can act between two of them. Gone with the scope. */
export const proxy = (target: string) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const counts = new Map<string, number>()
      const made: Proxy = { url: "", target, before: async () => undefined }
      const server = createServer((incoming, outgoing) => {
        const url = incoming.url ?? "/"
        const path = url.replace(/\?.*$/s, "")
        const number = (counts.get(path) ?? 0) + 1
        counts.set(path, number)
        const drop = () => void incoming.socket.destroy()
        const pass = () => {
          if (made.target === undefined) return drop()
          const onward = request(`${made.target}${url}`, {
            method: incoming.method ?? "GET",
            // qBittorrent compares Host with its own address.
            headers: { ...incoming.headers, host: new URL(made.target).host }
          })
          onward.once("response", (answer) => {
            outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
            answer.pipe(outgoing)
          })
          onward.once("error", drop)
          incoming.pipe(onward)
        }
        made.before(path, number).then(pass, drop)
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const address = server.address()
      if (address === null || typeof address === "string") throw new Error("the proxy has no port")
      made.url = `http://127.0.0.1:${address.port}`
      return { server, made }
    }),
    ({ server }) => Effect.sync(() => server.close().closeAllConnections())
  ).pipe(Effect.map(({ made }) => made))
