{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.keepTag = "";
}
