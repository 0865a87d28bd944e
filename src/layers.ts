import { NodeServices } from "@effect/platform-node"
import { Effect, Layer } from "effect"
import type { Adapters } from "./cli/Wiring.ts"
import { AppConfig } from "./config/AppConfig.ts"
import { basename } from "./platform/BytePath.ts"
import * as Archives from "./services/Archive/layer.ts"
import * as Arrs from "./services/Arr/http.ts"
import * as Disks from "./services/Disk/node.ts"
import { Gate } from "./services/Gate.ts"
import * as Gates from "./services/Gate/node.ts"
import * as Jellyfin from "./services/MediaServer/jellyfin.ts"
import * as Notifiers from "./services/Notifier/channels.ts"
import * as Provers from "./services/Prover/node.ts"
import * as Rclone from "./services/Remote/rclone.ts"
import * as Seerr from "./services/Requests/seerr.ts"
import * as Scanners from "./services/Scanner/node.ts"
import * as Qbittorrent from "./services/TorrentClient/qbittorrent.ts"
import * as ViewsNode from "./services/Views/node.ts"
import { Journal } from "./state/Journal.ts"

/** All that extractors see of ours. */
const environment = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/" }

/** The adapters that users run. Tests take these and replace one. */
export const production: Adapters = {
  torrentClient: Qbittorrent.layer,
  remote: Layer.unwrap(
    Effect.map(AppConfig, ({ upload }) =>
      Rclone.layer({
        remote: upload.remote,
        configFile: upload.rcloneConfigFile,
        bandwidth: upload.bandwidth,
        transfers: upload.transfers,
        environment: process.env,
        environmentFile: upload.rcloneEnvironmentFile
      })
    )
  ).pipe(Layer.provide(NodeServices.layer)),
  archive: Layer.unwrap(
    Effect.gen(function* () {
      const { extractedDir, upload } = yield* AppConfig
      const gate = yield* Gate
      return Archives.layer({
        ...upload.extract,
        environment,
        // Staging is made from archives that stay where they are; its own name is all that is known of them here.
        discard: (path) =>
          Effect.asVoid(gate.pass({ _tag: "Derived", path, within: extractedDir, from: basename(path) }))
      })
    })
  ),
  gate: Gates.layer,
  disk: Disks.layer,
  scanner: Scanners.layer,
  prover: Provers.layer,
  views: ViewsNode.layer,
  journal: Journal.layer,
  mediaServer: Jellyfin.layer,
  arr: Arrs.layer,
  requests: Seerr.layer,
  notifier: Notifiers.layer
}
