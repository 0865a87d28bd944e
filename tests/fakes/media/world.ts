import { contractOf } from "../openapi-documents.ts"
import { startWorldWith, type World, type WorldOptions } from "./bare-world.ts"

export type { World, WorldOptions }

/** As `startWorldWith`, held against the official documents where those are to be had. */
export const startWorld = (options: WorldOptions = {}): Promise<World> => startWorldWith(contractOf, options)
