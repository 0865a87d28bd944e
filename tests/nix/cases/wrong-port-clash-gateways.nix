# Kubo's gateway may listen on several addresses.
{
  imports = [ ./minimal.nix ];
  services.kubo.enable = true;
  services.kubo.settings.Addresses.Gateway = [
    "/ip4/127.0.0.1/tcp/9090"
    "/ip6/::1/tcp/8080"
  ];
  services.mediaPipeline.qbittorrent.enable = true;
}
