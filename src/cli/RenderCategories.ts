import { display } from "../platform/BytePath.ts"
import { count } from "../platform/Text.ts"
import type { CategoriesReport, CategoryOutcome } from "../workflows/categories.ts"
import { note } from "./RenderUpload.ts"
import { type Cell, type Colour, type Page, paint, table } from "./Style.ts"

const looks: Record<CategoryOutcome["outcome"], readonly [word: string, colour: Colour]> = {
  created: ["created", "green"],
  corrected: ["corrected", "green"],
  unchanged: ["unchanged", "dim"],
  left: ["left alone", "yellow"],
  failed: ["failed", "red"],
  "would-create": ["would create", "yellow"],
  "would-correct": ["would correct", "yellow"]
}

const place = ({ after, before, outcome }: CategoryOutcome): string => {
  if (outcome === "left" || outcome === "failed" || after === null) return ""
  const from = before === null ? "" : before === "" ? " (had no save path)" : ` (was ${display(before)})`
  return `→ ${display(after)}${from}`
}

const closing = (report: CategoriesReport): string => {
  const number = (outcome: CategoryOutcome["outcome"]) =>
    report.categories.filter((category) => category.outcome === outcome).length
  if (report.categories.length === 0) return "nothing to do: the configuration names no categories"
  if (number("unchanged") === report.categories.length) {
    return `nothing to do: ${report.categories.length === 1 ? "1 category is" : `${count(report.categories.length, "category", "categories")} are`} as configured`
  }
  const parts = (
    [
      ["would-create", "would be created"],
      ["would-correct", "would be corrected"],
      ["created", "created"],
      ["corrected", "corrected"],
      ["left", "left alone"],
      ["failed", "failed"],
      ["unchanged", "unchanged"]
    ] as const
  ).flatMap(([outcome, word]) => (number(outcome) === 0 ? [] : [`${number(outcome)} ${word}`]))
  return `${report.dryRun ? "dry run, nothing was changed: " : ""}${parts.join(", ")}`
}

export const renderCategories = (report: CategoriesReport, page: Page): ReadonlyArray<string> => {
  const told = report.categories.filter(({ outcome }) => outcome !== "unchanged")
  const rows = table(
    page,
    [{}, {}, { flexible: true }],
    told.map((category): ReadonlyArray<string | Cell> => {
      const [text, colour] = looks[category.outcome]
      return [{ text, colour }, display(category.name), place(category)]
    })
  )
  return [
    ...rows.flatMap((row, index) => {
      const reason = told[index]?.reason ?? null
      return [row, ...(reason === null ? [] : note(page, reason, 4).map((line) => paint(page, "dim", line)))]
    }),
    ...(rows.length > 0 ? [""] : []),
    ...note(page, closing(report), 0)
  ]
}
