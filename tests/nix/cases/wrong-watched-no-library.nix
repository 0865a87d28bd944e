{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.watched = {
    jellyfin.url = "http://127.0.0.1:8096";
    jellyfin.apiKeyFile = "/run/secrets/jellyfin";
  };
}
