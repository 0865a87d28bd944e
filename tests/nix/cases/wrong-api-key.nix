# nixpkgs writes qBittorrent.conf, where the key is kept, anew at every start.
{ lib, ... }:
{
  imports = [ ./boot.nix ];
  services.mediaPipeline.settings.qbittorrent = {
    passwordFile = lib.mkForce null;
    apiKeyFile = "/run/secrets/qbittorrent-api-key";
  };
}
