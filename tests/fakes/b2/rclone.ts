import { spawn } from "node:child_process"

export interface RcloneResult {
  /** Null when a signal ended it. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Milliseconds. */
  readonly took: number
}

/** Bare rclone from PATH, without anybody's configuration. Rejects only where there is no rclone. */
export const rclone = (...args: ReadonlyArray<string>): Promise<RcloneResult> =>
  new Promise((resolve, reject) => {
    const started = performance.now()
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("RCLONE_"))
    const env = { ...Object.fromEntries(own), RCLONE_CONFIG: "/dev/null" }
    const child = spawn("rclone", args, { env, stdio: ["ignore", "pipe", "pipe"] })
    let stdout = ""
    let stderr = ""
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text))
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text))
    child.once("error", (cause) => reject(new Error("no rclone on PATH: start the tests with `npm test`", { cause })))
    child.once("close", (code) => resolve({ code, stdout, stderr, took: performance.now() - started }))
  })
