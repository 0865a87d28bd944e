{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.dataDir = "/srv/torrents/";
}
