{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.cleanup.minSeedTime = "7d";
}
