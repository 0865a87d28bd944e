import type { Blocked, Demotion, Placement, Promotion, Stay } from "../../src/domain/relocation.ts"
import type { Torrent } from "../../src/domain/torrents.ts"
import type { Simulator, SimTorrent } from "./relocation-simulator.ts"

export const gib = 1024 ** 3
export const hash = (letter: string) => letter.repeat(40)

/** A torrent of one file in a folder of its name. */
export const seed = (
  world: Simulator,
  letter: string,
  side: string,
  bytes: string,
  size = gib,
  over: Partial<Torrent> = {}
): SimTorrent => {
  world.write(`/${side}/seeding/cat/${letter}/f.mkv`, bytes, size)
  return world.seed(hash(letter), `/${side}/seeding/cat`, [`${letter}/f.mkv`], over)
}
export const of = (world: Simulator, letter: string): Placement => {
  const found = world.plan().placements.find(({ component }) => component.id === hash(letter))
  if (found === undefined) throw new Error(`nothing is said of ${letter}`)
  return found
}
export const demotion = (world: Simulator, letter: string): Demotion => {
  const { decision } = of(world, letter)
  if (decision.kind !== "demote") throw new Error(`${letter}: ${decision.kind}: ${decision.why}`)
  return decision
}
export const promotion = (world: Simulator, letter: string): Promotion => {
  const { decision } = of(world, letter)
  if (decision.kind !== "promote") throw new Error(`${letter}: ${decision.kind}: ${decision.why}`)
  return decision
}
export const stay = (world: Simulator, letter: string): Stay => {
  const { decision } = of(world, letter)
  if (decision.kind !== "stay") throw new Error(`${letter}: ${decision.kind}: ${decision.why}`)
  return decision
}
export const blocked = (world: Simulator, letter: string): Blocked => {
  const { decision } = of(world, letter)
  if (decision.kind !== "blocked") throw new Error(`${letter}: ${decision.kind}: ${decision.why}`)
  return decision
}
export const order = (world: Simulator): string =>
  world
    .plan()
    .placements.filter(({ decision }) => "freesBytes" in decision)
    .map(({ component }) => component.id[0])
    .join("")
