import { Context } from "effect"
import type { Config } from "./schema.ts"

/** The validated configuration of this run. */
export class AppConfig extends Context.Service<AppConfig, Config>()("media-pipeline/AppConfig") {}
