{ lib, ... }:
{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings = {
    cleanup = lib.mkForce null;
    watched.dryRun = lib.mkForce true;
    watched.remote = "hide";
  };
}
