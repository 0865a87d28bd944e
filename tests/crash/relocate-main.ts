import { start } from "../../src/cli/start.ts"
import { production } from "../../src/layers.ts"
import { layerWith } from "../../src/services/TorrentClient/qbittorrent.ts"
import { Runs } from "../../src/state/Runs.ts"
import { Sagas } from "../../src/state/Sagas.ts"
import { watchFilesystem } from "./filesystem.ts"
import { type Ending, install } from "./points.ts"
import { watchProver, watchSagas, watchSteering, watchViews } from "./relocate-services.ts"
import { watchGate, watchJournal, watchRuns } from "./services.ts"

/*
 * The worker with the points of a relocation in it; CRASH_ROOT, CRASH_LOG, CRASH_AT and CRASH_BY as in main.ts.
 * CRASH_MIDWAY: a shell's command that is run once in the middle of the first copy. CRASH_SPOIL: a file that is written to right before the client is told of a new place. CRASH_QUICK: the client is a
 * fake one, which need not be waited for as a real one.
 */

const isEnding = (text: string | undefined): text is Ending => text === "kill" || text === "cut" || text === "term"
const { CRASH_AHEAD, CRASH_AT, CRASH_BY, CRASH_LOG, CRASH_MIDWAY, CRASH_QUICK, CRASH_ROOT, CRASH_SPOIL } = process.env
const [, nth, label] = /^(\d+) (.+)$/s.exec(CRASH_AT ?? "") ?? []

install({
  root: CRASH_ROOT ?? "/nowhere",
  log: CRASH_LOG,
  target: nth === undefined || label === undefined ? undefined : { label, nth: Number(nth) },
  ending: isEnding(CRASH_BY) ? CRASH_BY : "kill",
  ahead: Number(CRASH_AHEAD ?? 0)
})
watchFilesystem()

const replace = (service: object, layer: unknown) => Object.defineProperty(service, "layer", { value: layer })
replace(Runs, watchRuns(Runs.layer))
replace(Sagas, watchSagas(Sagas.layer))

const quick = { timeout: "10 seconds", firstRetry: "5 millis", look: "3 millis", stall: "5 seconds" } as const
const torrentClient = CRASH_QUICK === undefined ? production.torrentClient : layerWith(quick)

start({
  ...production,
  journal: watchJournal(production.journal),
  gate: watchGate(production.gate),
  views: watchViews(production.views, CRASH_MIDWAY),
  prover: watchProver(production.prover),
  torrentClient: watchSteering(torrentClient, CRASH_SPOIL)
})
