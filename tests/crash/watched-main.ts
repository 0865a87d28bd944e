import { start } from "../../src/cli/start.ts"
import { production } from "../../src/layers.ts"
import { Retirements } from "../../src/state/Retirements.ts"
import { Runs } from "../../src/state/Runs.ts"
import { install } from "./points.ts"
import { watchGate, watchRuns } from "./services.ts"
import { watchArr, watchMediaServer, watchRequests, watchRetirements, watchSteps } from "./watched-services.ts"

/* The worker with the points of `watched` in it; CRASH_ROOT, CRASH_LOG, CRASH_AT and CRASH_AHEAD as in main.ts. */

const { CRASH_AHEAD, CRASH_AT, CRASH_LOG, CRASH_ROOT } = process.env
const [, nth, label] = /^(\d+) (.+)$/s.exec(CRASH_AT ?? "") ?? []

install({
  root: CRASH_ROOT ?? "/nowhere",
  log: CRASH_LOG,
  target: nth === undefined || label === undefined ? undefined : { label, nth: Number(nth) },
  ending: "kill",
  ahead: Number(CRASH_AHEAD ?? 0)
})

const replace = (service: object, layer: unknown) => Object.defineProperty(service, "layer", { value: layer })
replace(Runs, watchRuns(Runs.layer))
replace(Retirements, watchRetirements(Retirements.layer))

start({
  ...production,
  journal: watchSteps(production.journal),
  gate: watchGate(production.gate),
  arr: watchArr(production.arr),
  requests: watchRequests(production.requests),
  mediaServer: watchMediaServer(production.mediaServer)
})
