import { Effect, Layer } from "effect"
import { TestConsole } from "effect/testing"
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { program, wantsJson } from "../../src/cli/program.ts"
import type { Adapters } from "../../src/cli/Wiring.ts"
import * as Disks from "../../src/services/Disk/node.ts"
import * as Gates from "../../src/services/Gate/node.ts"
import * as Provers from "../../src/services/Prover/node.ts"
import * as Scanners from "../../src/services/Scanner/node.ts"
import * as ViewsNode from "../../src/services/Views/node.ts"
import { production } from "../../src/layers.ts"
import { Journal } from "../../src/state/Journal.ts"
import { MemoryRemote } from "../fakes/memory-remote.ts"
import { MemoryTorrents, seeding } from "../fakes/memory-torrents.ts"

type Services = Pick<Adapters, "mediaServer" | "arr" | "requests" | "notifier">

export interface Answer {
  readonly code: number
  /** All of standard output. */
  readonly stdout: string
  /** What people are told on standard error, logs left out. */
  readonly complaint: string
}

const hashOf = (name: string) => Buffer.from(name).toString("hex").padEnd(40, "0").slice(-40)

/** The command line in this process, with a torrent client and a remote in memory. */
export class Terminal {
  readonly root = mkdtempSync(join(tmpdir(), "media-pipeline-cli-"))
  readonly completed = join(this.root, "completed")
  readonly stateDir = join(this.root, "state")
  readonly torrents = new MemoryTorrents()
  readonly remote = new MemoryRemote()
  readonly file = join(this.root, "config.json")
  columns = 80
  /** Jellyfin, the arrs, Seerr and who is told, in memory; none of them is asked where nothing is retired. */
  services: Services = {
    mediaServer: production.mediaServer,
    arr: production.arr,
    requests: production.requests,
    notifier: production.notifier
  }

  constructor(config: object = {}) {
    mkdirSync(this.completed)
    this.configure(config)
  }

  configure(over: object) {
    const config = {
      stateDir: this.stateDir,
      qbittorrent: { url: "http://memory" },
      completedDir: this.completed,
      upload: { remote: "memory:bucket", extract: { reserveBytes: 0 } },
      cleanup: {},
      ...over
    }
    writeFileSync(this.file, JSON.stringify(config))
  }

  /** A complete torrent of one file, long since still. */
  film(name: string, content: string) {
    const path = join(this.completed, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
    utimesSync(path, new Date(0), new Date(0))
    const torrent = seeding(hashOf(name), path)
    this.torrents.add(torrent)
    return torrent.hash
  }

  get adapters(): Adapters {
    return {
      torrentClient: this.torrents.layer,
      remote: this.remote.layer,
      archive: production.archive,
      gate: Gates.layer,
      disk: Disks.layer,
      scanner: Scanners.layer,
      prover: Provers.layer,
      views: ViewsNode.layer,
      journal: Journal.layer,
      ...this.services
    }
  }

  /** Exactly these arguments. */
  call(...args: ReadonlyArray<string>) {
    return Effect.gen({ self: this }, function* () {
      const complaints: Array<string> = []
      const code = yield* program(this.adapters, {
        args,
        output: { json: wantsJson(args), columns: this.columns, colour: false },
        complain: (text) => Effect.sync(() => void complaints.push(text)),
        signal: () => undefined
      })
      const lines = yield* TestConsole.logLines
      return { code, stdout: lines.join("\n"), complaint: complaints.join("\n") } satisfies Answer
    }).pipe(Effect.provide(Layer.fresh(TestConsole.layer), { local: true }))
  }

  /** With this terminal's configuration. */
  run(...args: ReadonlyArray<string>) {
    return this.call("--config", this.file, ...args)
  }

  [Symbol.dispose]() {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** A terminal for one test, gone after it. */
export const withTerminal = <A, E, R>(
  use: (terminal: Terminal) => Effect.Effect<A, E, R>,
  config: object = {}
): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => new Terminal(config)),
    use,
    (terminal) => Effect.sync(() => terminal[Symbol.dispose]())
  )
