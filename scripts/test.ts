import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { constants, tmpdir } from "node:os"
import { join } from "node:path"

interface FileResult {
  readonly status: string
  readonly assertionResults: ReadonlyArray<{ readonly status: string }>
}

interface Counts {
  readonly passed: number
  readonly skipped: number
  readonly failed: number
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null

const isFileResult = (value: unknown): value is FileResult =>
  isRecord(value) && typeof value["status"] === "string" && Array.isArray(value["assertionResults"])

const readResults = (file: string): ReadonlyArray<FileResult> => {
  try {
    const report: unknown = JSON.parse(readFileSync(file, "utf8"))
    return isRecord(report) && Array.isArray(report["testResults"]) ? report["testResults"].filter(isFileResult) : []
  } catch {
    return []
  }
}

const count = (results: ReadonlyArray<FileResult>): Counts => {
  const statuses = results.flatMap((result) => result.assertionResults.map((test) => test.status))
  // A file that cannot be loaded, or whose hooks fail, has no failing test of its own.
  const brokenFiles = results.filter(
    (result) => result.status === "failed" && !result.assertionResults.some((test) => test.status === "failed")
  )
  const passed = statuses.filter((status) => status === "passed").length
  const failed = statuses.filter((status) => status === "failed").length
  return { passed, failed: failed + brokenFiles.length, skipped: statuses.length - passed - failed }
}

const runVitest = (reportFile: string) =>
  new Promise<number>((resolve, reject) => {
    const vitest = join(import.meta.dirname, "../node_modules/vitest/vitest.mjs")
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`]
    const child = spawn(process.execPath, [vitest, "run", ...reporters, ...process.argv.slice(2)], {
      cwd: join(import.meta.dirname, ".."),
      stdio: "inherit"
    })
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal))
    child.on("error", reject)
    child.on("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : 128 + constants.signals[signal]))
  })

const folder = mkdtempSync(join(tmpdir(), "media-pipeline-test-"))
try {
  const reportFile = join(folder, "report.json")
  const exitCode = await runVitest(reportFile)
  const counts = count(readResults(reportFile))
  const nothingRan = counts.passed + counts.failed === 0
  // An error outside any test fails the run, though no test counts it.
  const failed = exitCode === 0 && !nothingRan ? counts.failed : Math.max(counts.failed, 1)
  if (nothingRan) console.log("no test ran")
  if (counts.skipped > 0) console.log(`${counts.skipped} skipped`)
  console.log(`${counts.passed} passed, ${failed} failed`)
  process.exitCode = exitCode === 0 && failed > 0 ? 1 : exitCode
} finally {
  rmSync(folder, { recursive: true, force: true })
}
