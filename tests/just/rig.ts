import { spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const checkout = fileURLToPath(new URL("../..", import.meta.url))
export const hostJustfile = join(checkout, "nix/template/justfile")

/** One program that was called: its name and its arguments, as they arrived. */
export type Call = readonly [program: string, ...args: ReadonlyArray<string>]

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  readonly calls: ReadonlyArray<Call>
}

export interface Rig {
  /** Where recipes run: what a name that is executed would leave its traces in. */
  readonly work: string
  /** Runs `just` on the host's justfile, away from any real host. */
  readonly just: (args: ReadonlyArray<string>, env?: Readonly<Record<string, string>>) => Outcome
  /** The same, on a terminal. */
  readonly justOnTerminal: (command: string) => Outcome
  /** What a program on the host says, by a script in sh that runs after the call was recorded. */
  readonly answer: (program: string, script: string) => void
  /** The same of a program on this side. */
  readonly answerHere: (program: string, script: string) => void
  readonly close: () => void
}

const record = `printf '%s\\0' "\${0##*/}" "$#" "$@" >>"$RIG_CALLS"`
/** As sshd does: what follows the host is one line for the shell over there, which sees the host's programs only. */
const ssh = `for line; do :; done
PATH=$RIG_HOST:/usr/bin:/bin exec sh -c "$line"`

const locals = ["nix", "nixos-rebuild", "sops"]
const remotes = [
  "cat",
  "curl",
  "journalctl",
  "media-pipeline",
  "media-pipeline-rclone",
  "nix-instantiate",
  "nixos-rebuild",
  "systemctl"
]

const parseCalls = (text: string): ReadonlyArray<Call> => {
  const fields = text.split("\0")
  const calls: Array<Call> = []
  for (let at = 0; at + 1 < fields.length;) {
    const count = Number(fields[at + 1])
    calls.push([fields[at] ?? "", ...fields.slice(at + 2, at + 2 + count)])
    at += 2 + count
  }
  return calls
}

export const makeRig = (): Rig => {
  const home = mkdtempSync(join(tmpdir(), "media-pipeline-just-"))
  const [here, host, work, log] = [join(home, "here"), join(home, "host"), join(home, "work"), join(home, "calls")]
  for (const directory of [here, host, work]) mkdirSync(directory)
  const program = (directory: string, name: string, script: string) => {
    writeFileSync(join(directory, name), `#!/bin/sh\n${record}\n${script}\n`)
    chmodSync(join(directory, name), 0o755)
  }
  program(here, "ssh", ssh)
  for (const name of locals) program(here, name, "")
  for (const name of remotes) program(host, name, "")
  program(host, "sudo", 'exec "$@"')

  const run = (command: string, args: ReadonlyArray<string>, extra: Readonly<Record<string, string>>): Outcome => {
    rmSync(log, { force: true })
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([key]) => !/^(MEDIA_PIPELINE|NIX|JUST)_/.test(key))
    )
    const { error, status, stderr, stdout } = spawnSync(command, args, {
      cwd: work,
      encoding: "utf8",
      timeout: 30_000,
      env: { ...env, PATH: `${here}:${env["PATH"]}`, RIG_CALLS: log, RIG_HOST: host, ...extra }
    })
    if (error !== undefined) throw new Error(`${command}: ${error.message}; scripts/with-tools.sh brings just`)
    return { status, stdout, stderr, calls: existsSync(log) ? parseCalls(readFileSync(log, "utf8")) : [] }
  }

  return {
    work,
    just: (args, env = {}) => run("just", ["--justfile", hostJustfile, "--working-directory", work, ...args], env),
    justOnTerminal: (command) =>
      run("script", ["--quiet", "--return", "--command", command, "/dev/null"], { JUST_JUSTFILE: hostJustfile }),
    answer: (name, script) => program(host, name, script),
    answerHere: (name, script) => program(here, name, script),
    close: () => rmSync(home, { recursive: true, force: true })
  }
}

/** What reached the host, without ssh, sudo and the questions asked on the way. */
export const onHost = (calls: ReadonlyArray<Call>): ReadonlyArray<Call> =>
  calls.filter(([program]) => program !== "ssh" && program !== "sudo" && program !== "nix-instantiate")
