{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.gracePeriod = "0 days";
}
