{ lib, ... }:
{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.leavingSoon.countdown = lib.mkForce "0 minutes";
}
