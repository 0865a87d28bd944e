{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.seerr = {
    url = "http://127.0.0.1:5055";
    apiKeyFile = "secrets/seerr";
  };
}
