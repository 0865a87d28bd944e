import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import { start } from "../../src/cli/start.ts"
import { AppConfig } from "../../src/config/AppConfig.ts"
import { production } from "../../src/layers.ts"
import * as Rclone from "../../src/services/Remote/rclone.ts"
import { Items } from "../../src/state/Items.ts"
import { Runs } from "../../src/state/Runs.ts"
import { Spool } from "../../src/state/Spool.ts"
import { Torrents } from "../../src/state/Torrents.ts"
import { watchFilesystem } from "./filesystem.ts"
import { type Ending, install } from "./points.ts"
import {
  watchArchive,
  watchGate,
  watchItems,
  watchJournal,
  watchRemote,
  watchRuns,
  watchSpool,
  watchTorrentClient,
  watchTorrents
} from "./services.ts"

/*
 * The worker as users run it, with points at which it can be told to die. CRASH_ROOT: the host's folder. CRASH_LOG: file
 * that gets the points passed. CRASH_AT: `<n> <label>`, the point to end at. CRASH_BY: kill, cut or term. CRASH_AHEAD: milliseconds
 * that the clock is ahead.
 */

const isEnding = (text: string | undefined): text is Ending => text === "kill" || text === "cut" || text === "term"
const { CRASH_AHEAD, CRASH_AT, CRASH_BY, CRASH_LOG, CRASH_ROOT } = process.env
const [, nth, label] = /^(\d+) (.+)$/s.exec(CRASH_AT ?? "") ?? []

install({
  root: CRASH_ROOT ?? "/nowhere",
  log: CRASH_LOG,
  target: nth === undefined || label === undefined ? undefined : { label, nth: Number(nth) },
  ending: isEnding(CRASH_BY) ? CRASH_BY : "kill",
  ahead: Number(CRASH_AHEAD ?? 0)
})
watchFilesystem()

/** Below it, files of a few megabytes would not be sent in parts. */
const cutoff = 5 * 1024 * 1024
const remote = Layer.unwrap(
  Effect.map(AppConfig, ({ upload }) =>
    Rclone.layer({
      remote: upload.remote,
      configFile: upload.rcloneConfigFile,
      bandwidth: upload.bandwidth,
      transfers: upload.transfers,
      environment: process.env,
      cutoff
    })
  )
).pipe(Layer.provide(NodeServices.layer))

// Not adapters, so the wiring takes them from their classes.
const replace = (service: object, layer: unknown) => Object.defineProperty(service, "layer", { value: layer })
replace(Items, watchItems(Items.layer))
replace(Torrents, watchTorrents(Torrents.layer))
replace(Runs, watchRuns(Runs.layer))
replace(Spool, watchSpool(Spool.layer))

start({
  ...production,
  journal: watchJournal(production.journal),
  gate: watchGate(production.gate),
  remote: watchRemote(remote),
  archive: watchArchive(production.archive),
  torrentClient: watchTorrentClient(production.torrentClient)
})
