import { Console, Effect } from "effect"
import { Command } from "effect/cli"
import { load } from "../../config/load.ts"
import { jsonSchema } from "../../config/problems.ts"
import { show } from "../Output.ts"
import { configFile } from "../root.ts"

const check = Command.make("check", {}, () =>
  Effect.gen(function* () {
    const file = yield* configFile
    yield* load(file)
    yield* show({ file, problems: [] }, () => [`${file} is valid`])
  })
).pipe(Command.withDescription("Validate the configuration file"))

const schema = Command.make("schema", {}, () => Console.log(JSON.stringify(jsonSchema(), null, 2))).pipe(
  Command.withDescription("Print the JSON Schema of the configuration file")
)

export const command = Command.make("config").pipe(
  Command.withDescription("Validate the configuration, or print its schema"),
  Command.withSubcommands([check, schema])
)
