# qBittorrent splits the command that it runs on completion at spaces.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.qbittorrent.enable = true;
  services.mediaPipeline.settings.stateDir = "/var/lib/media pipeline";
}
