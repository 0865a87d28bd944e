{ lib, ... }:
{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.radarr.apiKeyFile =
    lib.mkForce "/nix/store/00000000000000000000000000000000-key";
}
