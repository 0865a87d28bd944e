import { Effect } from "effect"
import { makeApi, login } from "../real/qbittorrent-api.ts"
import type { Qbittorrent } from "../real/qbittorrent.ts"
import { createTorrent, type Torrent } from "../real/torrent.ts"
import { addComplete } from "../real/transfer.ts"
import { plant as plantPayload } from "../real/worker-disk.ts"
import { Emulator } from "./emulator.ts"
import { openGateway } from "./gateway.ts"
import { plantGolden, store } from "./golden.ts"
import { Machine } from "./machine.ts"
import { password, places, plantRig, ports } from "./rig.ts"

export interface Pipeline {
  readonly machine: Machine
  readonly b2: Emulator
  /** The qBittorrent of the golden unit, logged in anew: a restart forgets who was. */
  readonly client: () => Promise<Qbittorrent>
  readonly seeder: () => Promise<Qbittorrent>
  readonly close: () => Promise<void>
}

/** How long after its unit a client answers. */
const whenUp = <A>(machine: Machine, unit: string, ask: () => Promise<A>): Promise<A> =>
  machine.waitFor(`${unit} answers`, async () => {
    try {
      return await ask()
    } catch {
      return undefined
    }
  })

/** The golden units of the boot case, a qBittorrent that seeds and B2, in a machine of their own. */
export const bootPipeline = async (prepare: (stage: string) => void = () => undefined): Promise<Pipeline> => {
  const machine = await Machine.boot((stage) => {
    plantGolden(stage, "boot")
    plantRig(stage)
    prepare(stage)
  })
  const gateways = {
    webui: await openGateway(machine, ports.webui),
    seeder: await openGateway(machine, ports.seeder),
    b2: await openGateway(machine, ports.b2)
  }
  const b2 = new Emulator(gateways.b2.url)
  await whenUp(machine, "rig-b2.service", () => b2.files())

  const connect = async (unit: string, url: string, own: Pick<Qbittorrent, "port" | "peerPort" | "profileDir">) => {
    const bypass = unit !== "qbittorrent.service"
    const credentials = await whenUp(machine, unit, () =>
      bypass ? Promise.resolve({}) : Effect.runPromise(login(url, "admin", password))
    )
    const api = makeApi(url, credentials)
    await whenUp(machine, unit, () => Effect.runPromise(api.torrents))
    const control = (command: string) => Effect.promise(() => machine.ok(`systemctl ${command} ${unit}`))
    return {
      ...own,
      url,
      api,
      version: 5 as const,
      pid: Number((await machine.show(unit, "MainPID"))["MainPID"]),
      username: "admin",
      password,
      apiKey: undefined,
      stop: control("stop"),
      kill: control("kill --signal=KILL --kill-whom=main")
    } satisfies Qbittorrent
  }
  return {
    machine,
    b2,
    client: () =>
      connect("qbittorrent.service", gateways.webui.url, {
        port: ports.webui,
        peerPort: ports.peers,
        profileDir: places.data
      }),
    seeder: () =>
      connect("rig-seeder.service", gateways.seeder.url, {
        port: ports.seeder,
        peerPort: ports.seederPeers,
        profileDir: "/var/lib/rig/profile"
      }),
    close: async () => {
      await Promise.all(Object.values(gateways).map((gateway) => gateway.close()))
      await machine.powerOff()
    }
  }
}

/** Drops a ticket as the completion hook does, by its own script and as its user. */
export const dropTicket = (machine: Machine, infohash: string): Promise<string> =>
  machine.ok(`${store("media-pipeline")}/libexec/media-pipeline/completed ${places.spool} ${infohash}`, {
    user: "qbittorrent"
  })

/** Has the client seed a file of random bytes in completed/, as if it had downloaded it before all this. */
export const seedComplete = async (pipeline: Pipeline, name: string, bytes: number): Promise<Torrent> => {
  const { client, machine } = pipeline
  plantPayload(machine.path(places.completed), { [name]: bytes })
  await machine.ok(`chown qbittorrent:media '${places.completed}/${name}' && chmod 0664 '${places.completed}/${name}'`)
  const torrent = createTorrent({ source: machine.path(`${places.completed}/${name}`), pieceLength: 1 << 20 })
  await Effect.runPromise(addComplete(await client(), torrent, places.completed, { skipChecking: true }))
  return torrent
}

/** How often systemd has started a unit's main process since the machine was booted. */
export const starts = async (machine: Machine, unit: string): Promise<number> => {
  const found = await machine.ok(
    `journalctl -q -o cat --no-pager _PID=1 UNIT=${unit} MESSAGE_ID=7d4958e842da4a758f6c1cdc7b36dcc5 | grep -c . || true`
  )
  return Number(found)
}

export const tickets = async (machine: Machine): Promise<ReadonlyArray<string>> =>
  (await machine.ok(`ls ${places.spool}`)).split("\n").filter(Boolean)
