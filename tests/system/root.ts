import { spawnSync } from "node:child_process"
import { join } from "node:path"

const script = join(import.meta.dirname, "../../scripts/tools/sid-root.sh")

/** The Debian sid that is booted, built by the project's script where it is not there yet. */
export const sidRoot = (): string => {
  const tools = process.env["MEDIA_PIPELINE_TOOLS"] ?? join(cacheHome(), "media-pipeline/tools")
  const sum = spawnSync("sh", ["-c", 'cksum <"$1"', "sh", script], { encoding: "utf8" }).stdout.split(" ")[0] ?? ""
  const home = join(tools, `sid-root-${sum}`)
  const built = spawnSync("sh", [script, tools, home], { stdio: ["ignore", "inherit", "pipe"], encoding: "utf8" })
  if (built.status !== 0) throw new Error(`there is no root to boot (exit ${built.status}): ${built.stderr.trim()}`)
  return home
}

const cacheHome = (): string => process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "/root", ".cache")
