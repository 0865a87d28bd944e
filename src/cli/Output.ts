import { Clock, Console, Context, Effect } from "effect"
import type { Page } from "./Style.ts"

/** How results leave the program: which form, and for what kind of page. */
export interface Settings {
  readonly json: boolean
  readonly columns: number
  readonly colour: boolean
  /** Called once the result is printed: whatever fails after it has no claim to standard output any more. */
  readonly printed?: () => void
}

export const Output = Context.Reference<Settings>("media-pipeline/Output", {
  defaultValue: () => ({ json: false, columns: 80, colour: false })
})

/** Prints a result on standard output: one JSON document, or the lines that `render` makes of it. */
export const show = Effect.fnUntraced(function* <A>(
  result: A,
  render: (result: A, page: Page) => ReadonlyArray<string>
) {
  const { colour, columns, json, printed } = yield* Output
  printed?.()
  if (json) return yield* Console.log(JSON.stringify(result))
  const lines = render(result, { columns, colour, now: yield* Clock.currentTimeMillis })
  if (lines.length > 0) yield* Console.log(lines.join("\n"))
})
