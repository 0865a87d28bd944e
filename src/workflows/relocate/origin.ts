import { Effect } from "effect"
import * as Fence from "../../domain/fence.ts"
import type { Content, DemotionTarget, PromotionTarget } from "../../domain/relocation.ts"
import { hasReached, type Origin } from "../../domain/sagas.ts"
import { display } from "../../platform/BytePath.ts"
import { Disk } from "../../services/Disk.ts"
import { Sagas } from "../../state/Sagas.ts"
import { type Gathered, type Planned, stop } from "./gather.ts"

/** Where the bytes come from; and what lies there now, if they lie there. */
export const originOf = Effect.fnUntraced(function* (
  planned: Planned,
  content: Content<PromotionTarget | DemotionTarget>,
  gathered: Gathered,
  number: number
) {
  const disk = yield* Disk
  const sagas = yield* Sagas
  const { target } = content
  const link = Effect.fnUntraced(function* (path: string, fence: string | undefined) {
    const found = yield* disk.stat(path)
    if (found._tag !== "Known" || found.value.kind !== "file") return yield* stop(`${display(path)} is gone`)
    if (fence !== undefined && Fence.print(found.value.fence) !== fence) {
      return yield* stop(`${display(path)} was touched since it was planned`)
    }
    if (Number(found.value.fence.size) !== content.source.size) return yield* stop(`${display(path)} has another size`)
    return { origin: { kind: "link", path } satisfies Origin, target: found.value.fence }
  })
  switch (target.kind) {
    case "copy":
      return { origin: { kind: "copy" } satisfies Origin, target: null }
    case "empty":
      return { origin: { kind: "empty" } satisfies Origin, target: null }
    case "left":
      return yield* stop("a file of it is not on the other side")
    case "existing": {
      const inPlace = gathered.namesOf(number).find((entry) => target.names.includes(entry.target))?.target
      return yield* link(inPlace ?? target.path, target.fence)
    }
    case "planned": {
      if (target.step === planned.step) {
        const other = planned.detail.contents.findIndex(({ source }) => source.fence === target.fence)
        if (other < 0 || planned.detail.contents[other]?.target.kind !== "copy")
          return yield* stop("the plan contradicts itself")
        return { origin: { kind: "same", blob: other } satisfies Origin, target: null }
      }
      const fence = Fence.parse(target.fence)
      const carried = fence === undefined ? undefined : yield* sagas.carried(fence)
      if (carried === undefined || !hasReached(carried.state, "published")) {
        return yield* stop(`it waits for what ${target.step} brings there`)
      }
      return yield* link(carried.target, undefined)
    }
  }
})
