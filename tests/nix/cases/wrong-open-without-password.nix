# A warning: qBittorrent makes a password of its own then, and tells only its log.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.qbittorrent = {
    enable = true;
    openFirewall = true;
  };
}
