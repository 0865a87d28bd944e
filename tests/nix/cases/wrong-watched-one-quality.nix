{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.keepBestQuality = true;
}
