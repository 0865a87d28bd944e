import { once } from "node:events"
import { createServer, request } from "node:http"
import { plant } from "./golden.ts"
import type { Machine } from "./machine.ts"

/*
 * The machine has no network but its own loopback. A socket in its file system, which systemd forwards to a port there,
 * is reached from here through /proc; in front of it stands a server on this machine's loopback.
 */

const socketOf = (port: number) => `/run/rig/${port}.sock`

/** Units that forward a socket to each of these ports. */
export const plantGateways = (stage: string, ports: ReadonlyArray<number>): void => {
  for (const port of ports) {
    const name = `rig-gateway-${port}`
    plant(stage, `/etc/systemd/system/${name}.socket`, `[Socket]\nListenStream=${socketOf(port)}\nDirectoryMode=0700\n`)
    const forward = `/usr/lib/systemd/systemd-socket-proxyd 127.0.0.1:${port}`
    plant(stage, `/etc/systemd/system/${name}.service`, `[Service]\nExecStart=${forward}\nStandardError=null\n`)
    plant(stage, `/etc/systemd/system/sockets.target.d/${name}.conf`, `[Unit]\nWants=${name}.socket\n`)
  }
}

export interface Gateway {
  readonly url: string
  readonly close: () => Promise<void>
}

/** A server here that passes each request on to that port of the machine. */
export const openGateway = async (machine: Machine, port: number): Promise<Gateway> => {
  const server = createServer((incoming, outgoing) => {
    // qBittorrent refuses requests whose Host is not its own.
    const headers = { ...incoming.headers, host: `127.0.0.1:${port}`, connection: "close" }
    const options = { socketPath: machine.path(socketOf(port)), path: incoming.url, method: incoming.method, headers }
    const passed = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    passed.on("error", () => outgoing.destroy())
    incoming.pipe(passed)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("the gateway has no port")
  return {
    url: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections()
      const closed = once(server, "close")
      server.close()
      await closed
    }
  }
}
