import { Context, Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql"
import type { AppConfig } from "../config/AppConfig.ts"
import { Progress } from "../platform/Progress.ts"
import type { Archive } from "../services/Archive.ts"
import type { Arr } from "../services/Arr.ts"
import type { Disk } from "../services/Disk.ts"
import type { Gate } from "../services/Gate.ts"
import type { MediaServer } from "../services/MediaServer.ts"
import type { Notifier } from "../services/Notifier.ts"
import type { Prover } from "../services/Prover.ts"
import type { Remote } from "../services/Remote.ts"
import type { Requests } from "../services/Requests.ts"
import type { Scanner } from "../services/Scanner.ts"
import type { TorrentClient } from "../services/TorrentClient.ts"
import type { Views } from "../services/Views.ts"
import { Cache } from "../state/Cache.ts"
import * as Database from "../state/Database.ts"
import { Health } from "../state/Health.ts"
import { Items } from "../state/Items.ts"
import type { Journal } from "../state/Journal.ts"
import { RetiredPayloads } from "../state/RetiredPayloads.ts"
import { Retirements } from "../state/Retirements.ts"
import { Runs } from "../state/Runs.ts"
import { Sagas } from "../state/Sagas.ts"
import { Spool } from "../state/Spool.ts"
import { Torrents } from "../state/Torrents.ts"

/** One layer a port. A test build replaces single ones: `start({ ...production, journal: mine })`. */
export interface Adapters {
  readonly torrentClient: Layer.Layer<TorrentClient, never, AppConfig>
  /** Must not start rclone before something is asked of the remote. */
  readonly remote: Layer.Layer<Remote, never, AppConfig>
  readonly archive: Layer.Layer<Archive, never, AppConfig | Gate>
  readonly gate: Layer.Layer<Gate, never, AppConfig | TorrentClient | Remote | Arr>
  readonly disk: Layer.Layer<Disk>
  readonly scanner: Layer.Layer<Scanner>
  readonly prover: Layer.Layer<Prover>
  readonly views: Layer.Layer<Views>
  readonly mediaServer: Layer.Layer<MediaServer, never, AppConfig>
  readonly arr: Layer.Layer<Arr, never, AppConfig>
  readonly requests: Layer.Layer<Requests, never, AppConfig>
  readonly notifier: Layer.Layer<Notifier, never, AppConfig>
  readonly journal: Layer.Layer<Journal, never, SqlClient.SqlClient>
}

const stateOver = <E, R>(adapters: Adapters, database: Layer.Layer<SqlClient.SqlClient, E, R>) =>
  Layer.mergeAll(
    Items.layer,
    adapters.journal,
    Runs.layer,
    Torrents.layer,
    Health.layer,
    Cache.layer,
    Sagas.layer,
    RetiredPayloads.layer,
    Retirements.layer
  ).pipe(Layer.provide(database), Layer.merge(Spool.layer))

const make = (adapters: Adapters) => {
  const outside = Layer.mergeAll(
    adapters.torrentClient,
    adapters.remote,
    adapters.disk,
    adapters.mediaServer,
    adapters.arr,
    adapters.requests,
    adapters.notifier
  )
  const gate = adapters.gate.pipe(Layer.provide(outside))
  const state = stateOver(adapters, Database.layer)
  const reading = stateOver(adapters, Database.layerReadOnly)
  return {
    /** For commands that change something. */
    acting: Layer.mergeAll(
      outside,
      adapters.scanner,
      adapters.prover,
      adapters.views,
      gate,
      adapters.archive.pipe(Layer.provide(gate)),
      state,
      Layer.suspend(() => Progress.layer)
    ),
    /** For looking, also while another run changes things. */
    looking: Layer.mergeAll(outside, reading),
    outside,
    reading,
    disk: adapters.disk,
    spool: Spool.layer
  }
}

export class Wiring extends Context.Service<Wiring, ReturnType<typeof make>>()("media-pipeline/Wiring") {
  static readonly layer = (adapters: Adapters) =>
    Layer.effect(
      Wiring,
      Effect.sync(() => make(adapters))
    )
}
