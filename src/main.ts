import { start } from "./cli/start.ts"
import { production } from "./layers.ts"

start(production)
