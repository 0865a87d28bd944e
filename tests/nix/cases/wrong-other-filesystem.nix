# Below dataDir, and still on another file system than the completed torrents.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.qbittorrent.enable = true;
  fileSystems."/" = {
    device = "/dev/disk/by-label/root";
    fsType = "ext4";
  };
  fileSystems."/var/lib/qBittorrent/downloading" = {
    device = "/dev/disk/by-label/scratch";
    fsType = "ext4";
  };
}
