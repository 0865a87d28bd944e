{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.pressure = {
    path = "/srv/media";
    belowBytes = "1T";
    untilBytes = "500G";
  };
}
