import { Effect } from "effect"
import { CliError, Flag } from "effect/cli"

const flag = (name: string, description: string) =>
  Flag.Boolean(name).pipe(Flag.withDescription(description), Flag.withoutNegation, Flag.withDefault(false))

/** `--dry-run` and `--apply` of a command that the configuration makes a dry run or not; told for people. */
export const dryRunFlags = (dryRun: string, apply: string) => ({
  dryRun: flag("dry-run", dryRun),
  apply: flag("apply", apply)
})

/** True and false as a person asked for it; undefined is as the configuration says. */
export const askedFor = (
  command: string,
  { apply, dryRun }: { readonly apply: boolean; readonly dryRun: boolean }
): Effect.Effect<boolean | undefined, CliError.ShowHelp> =>
  apply && dryRun
    ? Effect.fail(
        new CliError.ShowHelp({
          commandPath: ["media-pipeline", command],
          errors: [new CliError.ValidationError({ message: "--dry-run and --apply cannot both be given" })]
        })
      )
    : Effect.succeed(dryRun ? true : apply ? false : undefined)
