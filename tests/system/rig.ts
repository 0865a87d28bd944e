import { join } from "node:path"
import { renderConfig } from "../real/qbittorrent-config.ts"
import { plantGateways } from "./gateway.ts"
import { bundle, plant } from "./golden.ts"

/** What the boot case's config.json and units take for granted, and what the tests talk to. */
export const ports = { webui: 8080, peers: 6881, seeder: 8090, seederPeers: 6990, b2: 9000 } as const
export const bucket = "media-test"
export const account = "0019876543210fedcba987654"
/** Nobody but the units may see these two. */
export const applicationKey = "K001bootApplicationKeyOfNobody0"
export const password = 'bóot p&ss=w%rd "1"'

export const places = {
  data: "/var/lib/qBittorrent",
  completed: "/var/lib/qBittorrent/completed",
  state: "/var/lib/media-pipeline",
  spool: "/var/lib/media-pipeline/spool",
  mount: "/media/b2",
  seeder: "/var/lib/rig/seeder"
} as const

const rcloneEnvironment = [
  "RCLONE_CONFIG_B2_TYPE=b2",
  `RCLONE_CONFIG_B2_ACCOUNT=${account}`,
  `RCLONE_CONFIG_B2_KEY=${applicationKey}`,
  `RCLONE_CONFIG_B2_ENDPOINT=http://127.0.0.1:${ports.b2}`,
  // So that files of a test's size go up in parts.
  "RCLONE_CONFIG_B2_CHUNK_SIZE=5M",
  "RCLONE_CONFIG_B2_UPLOAD_CUTOFF=5M",
  ""
].join("\n")

const unit = (stage: string, name: string, service: ReadonlyArray<string>) =>
  plant(stage, `/etc/systemd/system/${name}`, ["[Service]", ...service, ""].join("\n"))

/** B2, a qBittorrent that seeds, the secrets, and the ways in from outside. */
export const plantRig = (stage: string): void => {
  bundle("tests/fakes/b2/main.ts", join(stage, "opt/rig/b2.mjs"))
  const b2 = ["--port", ports.b2, "--bucket", bucket, "--account", account, "--key", applicationKey].join(" ")
  // A file and not the command line, which everybody may read.
  plant(stage, "/opt/rig/b2", `#!/bin/sh\nexec node /opt/rig/b2-main.mjs\n`, 0o700)
  const argv = `process.argv.push(...${JSON.stringify(`${b2} --directory /var/lib/rig/b2`.split(" "))})`
  plant(stage, "/opt/rig/b2-main.mjs", `${argv}\nawait import("/opt/rig/b2.mjs")\n`, 0o600)
  // It announces its key.
  unit(stage, "rig-b2.service", ["ExecStart=/opt/rig/b2", "StandardOutput=null"])

  const seeder = renderConfig({
    webPort: ports.seeder,
    peerPort: ports.seederPeers,
    username: "admin",
    password: "unused",
    bypassLocalhost: true,
    apiKey: undefined,
    savePath: places.seeder,
    tempPath: undefined,
    autorun: undefined
  })
  // The golden unit's tries µTP first.
  const bothProtocols = seeder.replace(/^Session\\BTProtocol=.*\n/m, "")
  plant(stage, "/var/lib/rig/profile/qBittorrent/config/qBittorrent.conf", bothProtocols)
  unit(stage, "rig-seeder.service", [
    "Environment=HOME=/var/lib/rig/profile",
    "ExecStart=/usr/bin/qbittorrent-nox --profile=/var/lib/rig/profile"
  ])

  // Root's alone, in a folder that others may pass, as sops-nix makes them.
  plant(stage, "/etc/rig/rclone.env", rcloneEnvironment, 0o400)
  plant(stage, "/etc/rig/qbittorrent", `${password}\n`, 0o400)
  const secret = (name: string) => `C /run/secrets/${name} 0400 root root - /etc/rig/${name}\n`
  plant(
    stage,
    "/etc/tmpfiles.d/rig.conf",
    `d /var/lib/rig/b2 0700 root root -\nd ${places.seeder} 0755 root root -\nd /run/secrets 0751 root root -\n` +
      secret("rclone.env") +
      secret("qbittorrent")
  )
  plant(stage, "/etc/systemd/system/multi-user.target.d/rig.conf", "[Unit]\nWants=rig-b2.service rig-seeder.service\n")
  plantGateways(stage, [ports.webui, ports.seeder, ports.b2])
}
