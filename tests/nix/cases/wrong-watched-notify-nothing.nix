{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.notify = {
    on = [ ];
    mail.to = [ "root" ];
  };
}
