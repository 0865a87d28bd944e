import { Effect } from "effect"
import { AppConfig } from "../../config/AppConfig.ts"
import { outputOf } from "../../platform/Process.ts"
import { type Check, ok, problem } from "./check.ts"

interface Wanted {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly version: RegExp
  readonly remedy: string
}

const sevenZip: Wanted = {
  program: "7zz",
  args: ["i"],
  version: /7-Zip[^\n]*?(\d+\.\d+)/,
  remedy: "Install 7-Zip (7zz), with its RAR codec where packages split it off"
}
const unar: Wanted = { program: "unar", args: ["-v"], version: /v?(\d+(?:\.\d+)+)/, remedy: "Install unar" }
const lsar: Wanted = { ...unar, program: "lsar", remedy: "Install unar, which brings lsar" }
const unrar: Wanted = { program: "unrar", args: [], version: /UNRAR\s+(\S+)/i, remedy: "Install unrar" }

const byExtractor = {
  auto: [sevenZip, unar, lsar],
  "7zz": [sevenZip],
  unar: [unar, lsar],
  unrar: [unrar, sevenZip]
} as const

const look = (wanted: Wanted, extractor: string): Effect.Effect<Check> =>
  outputOf(wanted.program, wanted.args).pipe(
    Effect.map((output) => ok("Programs", wanted.program, wanted.version.exec(output)?.[1] ?? "installed")),
    Effect.catch((error) =>
      Effect.succeed(
        problem(
          "Programs",
          wanted.program,
          error.why,
          `${wanted.remedy}, or choose another upload.extract.extractor than "${extractor}".`
        )
      )
    )
  )

const oldestNode = [22, 19] as const

const node = (): Check => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  return major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])
    ? ok("Programs", "node", process.versions.node)
    : problem("Programs", "node", process.versions.node, `Install Node ${oldestNode.join(".")} or newer.`)
}

/** rclone is not here: the remote tells its version. */
export const programs = Effect.gen(function* () {
  const { enable, extractor } = (yield* AppConfig).upload.extract
  const extractors = enable ? yield* Effect.forEach(byExtractor[extractor], (wanted) => look(wanted, extractor)) : []
  return [node(), ...extractors]
})
