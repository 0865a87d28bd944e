# Three services of nixpkgs have 8080 as their default.
{
  imports = [ ./minimal.nix ];
  services.podgrab.enable = true;
  services.kubo.enable = true;
  services.mediaPipeline.qbittorrent.enable = true;
}
