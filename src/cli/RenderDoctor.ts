import { display } from "../platform/BytePath.ts"
import { count, wrap } from "../platform/Text.ts"
import type { DoctorReport } from "../workflows/doctor.ts"
import type { Check } from "../workflows/doctor/check.ts"
import { type Colour, heading, type Page, paint } from "./Style.ts"

const marks: Record<Check["outcome"], readonly [word: string, colour: Colour]> = {
  ok: ["ok     ", "green"],
  warning: ["warning", "yellow"],
  problem: ["problem", "red"]
}

const lines = (page: Page, check: Check): ReadonlyArray<string> => {
  const [word, colour] = marks[check.outcome]
  const [first = "", ...rest] = wrap(`${check.name}: ${display(check.detail)}`, page.columns - 11)
  const remedy = check.remedy === null ? [] : wrap(`→ ${check.remedy}`, page.columns - 11)
  return [
    `  ${paint(page, colour, word)}  ${first}`,
    ...rest.map((line) => `           ${line}`),
    ...remedy.map((line) => `           ${paint(page, "bold", line)}`)
  ]
}

export const renderDoctor = (report: DoctorReport, page: Page): ReadonlyArray<string> => {
  const areas = Map.groupBy(report.checks, ({ area }) => area)
  return [
    ...[...areas].flatMap(([area, checks]) => [heading(page, area), ...checks.flatMap((check) => lines(page, check))]),
    "",
    report.problems + report.warnings === 0
      ? paint(page, "green", "all is well")
      : [
          ...(report.problems > 0 ? [count(report.problems, "problem")] : []),
          ...(report.warnings > 0 ? [count(report.warnings, "warning")] : [])
        ].join(", ")
  ]
}
