# What a host has that made these directories by hand before: systemd-tmpfiles would take these lines, and not ours.
{ lib, ... }:
{
  imports = [ ./boot.nix ];

  options.systemd.tmpfiles.rules = lib.mkOption {
    type = lib.types.listOf lib.types.str;
    default = [ ];
  };

  config.systemd.tmpfiles = {
    rules = [
      "d /var/lib/qBittorrent/completed/ 0755 qbittorrent qbittorrent - -"
      # No harm in these.
      "d /var/lib/qBittorrent 0755 root root - -"
      "z /var/lib/qBittorrent/downloading 2775 qbittorrent media - -"
    ];
    settings."05-mine"."/var/lib/qBittorrent/extracted".d.mode = "0700";
  };
}
