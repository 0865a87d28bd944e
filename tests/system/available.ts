/** In a Nix shell nothing of Debian is to be had: there, the same story is a test in a NixOS machine (`checks`). */
export const inNixShell = process.env["MEDIA_PIPELINE_TOOLS_FROM_PATH"] === "1"

if (inNixShell) console.warn("the units in a real systemd: not booted in a Nix shell; run the flake's checks instead")

/** Building the root takes a minute where there is none yet. */
export const bootMillis = 300_000
