import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { type Call, checkout, hostJustfile, makeRig, onHost, type Rig } from "./rig.ts"

let rig: Rig
beforeEach(() => {
  rig = makeRig()
})
afterEach(() => rig.close())

const template = join(checkout, "nix/template")
const target = ["--flake", `${template}#host`, "--target-host", "builder", "--sudo"]
const nix = ["nix", "--extra-experimental-features", "nix-command flakes"] as const
const services = ["upload", "cleanup", "categories", "watched"].map((name) => `media-pipeline-${name}.service`)
const logs = [...services, "qbittorrent.service", "rclone-b2-mount.service"].flatMap((unit) => ["--unit", unit])
const follow = ["journalctl", "--follow", "--lines", "100", "--no-hostname", ...logs]

describe("over ssh, a recipe runs", () => {
  const table: ReadonlyArray<readonly [args: string, calls: Call]> = [
    ["status", ["media-pipeline", "status"]],
    ["doctor", ["media-pipeline", "doctor"]],
    ["config", ["cat", "/etc/media-pipeline/config.json"]],
    ["cleanup-dry", ["media-pipeline", "cleanup", "--dry-run"]],
    ["--yes cleanup-apply", ["media-pipeline", "cleanup", "--apply"]],
    ["watched-dry", ["media-pipeline", "watched", "--dry-run"]],
    ["--yes watched-apply", ["media-pipeline", "watched", "--apply"]],
    ["explain X", ["media-pipeline", "explain", "--", "X"]],
    ["restore X", ["media-pipeline", "restore", "--", "X"]],
    ["upload X Y", ["media-pipeline", "upload", "--", "X", "Y"]],
    ["logs", ["journalctl", ...follow.slice(1)]],
    ["qbt-logs --since today", ["journalctl", ...follow.slice(1), "--since", "today"]],
    [
      "units",
      [
        "systemctl",
        "list-units",
        "--all",
        "--no-pager",
        "--full",
        "media-pipeline-*",
        "rclone-b2-mount.*",
        "qbittorrent.service"
      ]
    ],
    ["timers", ["systemctl", "list-timers", "--all", "--no-pager", "media-pipeline-*", "rclone-b2-mount.*"]],
    [
      "pause",
      [
        "systemctl",
        "stop",
        "media-pipeline-upload.path",
        "media-pipeline-upload.timer",
        "media-pipeline-upload.service"
      ]
    ],
    ["resume", ["systemctl", "start", "media-pipeline-upload.path", "media-pipeline-upload.timer"]],
    ["rclone about b2:", ["media-pipeline-rclone", "about", "b2:"]],
    ["generations", ["nixos-rebuild", "list-generations"]]
  ]
  test.each(table)("%s", (args, call) => {
    const { calls, status } = rig.just(args.split(" "))
    expect(calls.map(([program]) => program).slice(0, 2)).toEqual(["ssh", "sudo"])
    expect(onHost(calls)).toEqual([call])
    expect(status).toBe(0)
  })

  test("with the exit code of the host's command", () => {
    rig.answer("media-pipeline", "exit 75")
    expect(rig.just(["status"]).status).toBe(75)
  })

  test.each(["cleanup-apply", "watched-apply"])("and asks first where it is made to believe: %s", (recipe) => {
    const { calls, status } = rig.just([recipe])
    expect(calls).toEqual([])
    expect(status).not.toBe(0)
  })
})

describe("the host", () => {
  const sshOf = (env: Readonly<Record<string, string>>) =>
    rig.just(["status"], env).calls.find(([program]) => program === "ssh")

  test("is builder, or the one of the environment or the command line", () => {
    expect(sshOf({})).toEqual(["ssh", "--", "builder", "sudo 'media-pipeline' 'status'"])
    expect(sshOf({ MEDIA_PIPELINE_HOST: "root@192.0.2.7" })?.slice(1, 3)).toEqual(["--", "root@192.0.2.7"])
    expect(rig.just(["host=other", "status"]).calls[0]?.slice(1, 3)).toEqual(["--", "other"])
  })

  test("is never an option of ssh", () => {
    expect(sshOf({ MEDIA_PIPELINE_HOST: "-oProxyCommand=touch pwned" })?.slice(1, 3)).toEqual([
      "--",
      "-oProxyCommand=touch pwned"
    ])
  })

  test("takes the options that nixos-rebuild takes", () => {
    expect(sshOf({ NIX_SSHOPTS: "-p 2222" })?.slice(1, 5)).toEqual(["-p", "2222", "--", "builder"])
  })

  test("needs no sudo where one is root", () => {
    expect(sshOf({ MEDIA_PIPELINE_SUDO: "" })?.at(-1)).toBe(" 'media-pipeline' 'status'")
  })

  test("is this machine where it is empty", () => {
    const { calls } = rig.just(["explain", "$(id) it's"], {
      MEDIA_PIPELINE_HOST: "",
      MEDIA_PIPELINE_SUDO: "",
      PATH: `${rig.work}/../host:${process.env["PATH"]}`
    })
    expect(calls).toEqual([["media-pipeline", "explain", "--", "$(id) it's"]])
  })

  test("gives a terminal to a terminal", () => {
    const { calls } = rig.justOnTerminal("just status")
    expect(calls[0]).toEqual(["ssh", "-t", "-o", "LogLevel=ERROR", "--", "builder", "sudo 'media-pipeline' 'status'"])
  })
})

describe("deploying", () => {
  const table: ReadonlyArray<readonly [args: string, call: Call]> = [
    ["deploy", ["nixos-rebuild", "switch", ...target]],
    ["deploy --build-host builder", ["nixos-rebuild", "switch", ...target, "--build-host", "builder"]],
    ["deploy-dry", ["nixos-rebuild", "dry-activate", ...target]],
    ["rollback", ["nixos-rebuild", "switch", "--rollback", "--no-reexec", ...target]],
    ["update nixpkgs", [...nix, "flake", "update", "--flake", template, "nixpkgs"]],
    ["secrets", ["sops", "--config", `${template}/secrets/.sops.yaml`, `${template}/secrets/secrets.yaml`]]
  ]
  test.each(table)("%s", (args, call) => {
    expect(rig.just(args.split(" ")).calls).toEqual([call])
  })

  test("another flake, as root", () => {
    const { calls } = rig.just(["deploy"], { MEDIA_PIPELINE_FLAKE: "/my hosts", MEDIA_PIPELINE_SUDO: "" })
    expect(calls).toEqual([["nixos-rebuild", "switch", "--flake", "/my hosts#host", "--target-host", "builder"]])
  })

  test("check evaluates the whole host and has the worker check its file", () => {
    const { calls, stdout } = rig.just(["check"])
    expect(calls.map((call) => [call[3], call.at(-1)])).toEqual([
      ["eval", `${template}#nixosConfigurations.host.config.system.build.toplevel.drvPath`],
      ["build", `${template}#nixosConfigurations.host.config.services.mediaPipeline.configFile`]
    ])
    expect(stdout).toContain("valid")
  })

  test("check says nothing good of what does not evaluate", () => {
    rig.answerHere("nix", 'case "$*" in *" eval "*) exit 1 ;; esac')
    const { calls, status, stdout } = rig.just(["check"])
    expect([calls.length, status, stdout]).toEqual([1, 1, ""])
  })
})

test("all justfiles are formatted", () => {
  for (const file of [hostJustfile, join(checkout, "justfile")]) {
    const { status } = spawnSync("just", ["--justfile", file, "--fmt", "--check"], { encoding: "utf8" })
    expect(status).toBe(0)
  }
})
