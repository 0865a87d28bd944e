{ lib, ... }:
{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.primaryUser = lib.mkForce "";
}
