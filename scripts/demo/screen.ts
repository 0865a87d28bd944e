import { readdirSync, statSync } from "node:fs"
import { join, relative } from "node:path"
import { styleText } from "node:util"

type Format = Parameters<typeof styleText>[0]

const paint = (format: Format, text: string) => styleText(format, text, { stream: process.stdout })
const visible = (name: string) => name.replaceAll("\n", "\\n")

/** What the demo shows, and what of it held. */
export class Screen {
  readonly #checks: Array<{ readonly what: string; readonly held: boolean }> = []
  readonly #begun = performance.now()
  #steps = 0

  step(title: string) {
    this.#steps += 1
    process.stdout.write(`\n${paint(["bold", "cyan"], `${this.#steps}. ${title}`)}\n`)
  }

  say(text: string) {
    process.stdout.write(`   ${visible(text)}\n`)
  }

  command(line: string) {
    process.stdout.write(`\n${paint("dim", `$ ${line}`)}\n`)
  }

  check(what: string, held: boolean) {
    this.#checks.push({ what, held })
    process.stdout.write(`   ${held ? paint("green", "✓") : paint("red", "✗")} ${what}\n`)
  }

  tree(folder: string) {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const path = join(entry.parentPath, entry.name)
      const size = (statSync(path).size / 1024 ** 2).toFixed(1).padStart(6)
      process.stdout.write(`   ${size} MiB  ${visible(relative(folder, path))}\n`)
    }
  }

  /** Whether everything held. */
  summary(): boolean {
    const failed = this.#checks.filter((check) => !check.held)
    const seconds = ((performance.now() - this.#begun) / 1000).toFixed(0)
    process.stdout.write(`\n${paint("bold", `Shown in ${seconds} s, on real qBittorrent, rclone and 7-Zip:`)}\n`)
    for (const { held, what } of this.#checks) {
      process.stdout.write(`  ${held ? paint("green", "✓") : paint("red", "✗")} ${what}\n`)
    }
    if (failed.length > 0) process.stdout.write(`\n${paint("red", `${failed.length} of these did not hold.`)}\n`)
    return failed.length === 0
  }
}
