# Everything that the tests, the demo and the recipes call. The packages of npm come by scripts/with-node.sh.
{
  mkShell,
  just,
  nix,
  nixfmt,
  nodejs_24,
  qbittorrent-nox,
  rclone,
  systemd,
  unar,
  util-linux,
  _7zz,
  nixpkgsLib,
}:
mkShell {
  packages = [
    just
    nix
    nixfmt
    nodejs_24
    qbittorrent-nox
    rclone
    systemd
    unar
    util-linux
    _7zz
  ];

  env = {
    # scripts/with-tools.sh then takes them from PATH instead of Debian.
    MEDIA_PIPELINE_TOOLS_FROM_PATH = "1";
    NIXPKGS_LIB = "${nixpkgsLib}";
  };
}
