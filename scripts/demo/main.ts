import { Effect } from "effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { mainLoop } from "./main-loop.ts"
import { Stage } from "./stage.ts"
import { watchedTitles } from "./watched-titles.ts"

/*
 * What the program does from end to end on this machine, in two acts: the main job with nothing faked (two qBittorrents on
 * loopback, the built worker, rclone with a folder as the remote), and watched titles, where stand-ins play the media
 * server and the libraries. Exits with 1 when anything is not as it is said to be.
 */

const root = mkdtempSync(join(tmpdir(), "media-pipeline-demo-"))
const stage = new Stage(root)
const demo = Effect.andThen(mainLoop(stage), (after) => watchedTitles(stage, after))

try {
  await Effect.runPromise(Effect.scoped(demo))
} finally {
  rmSync(root, { recursive: true, force: true })
}
process.exitCode = stage.screen.summary() ? 0 : 1
