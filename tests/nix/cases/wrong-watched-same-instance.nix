{
  imports = [ ./watched.nix ];
  services.mediaPipeline.settings.watched.radarr4k = {
    url = "http://localhost:7878/";
    apiKeyFile = "/run/secrets/radarr";
  };
}
