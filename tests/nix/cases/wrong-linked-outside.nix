# A move from there would be a copy: each writable directory is a mount of its own to a hardened unit.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.completedDir = "/srv/completed";
  services.mediaPipeline.qbittorrent = {
    enable = true;
    downloadingDir = "/srv/downloading";
  };
}
