# A warning: most trackers ban for it.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.cleanup = {
    mode = "managed";
    minSeedTime = "0 days";
  };
}
