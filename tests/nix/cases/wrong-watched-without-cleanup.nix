{ lib, ... }:
{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.cleanup = lib.mkForce null;
}
