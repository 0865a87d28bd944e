# Watched titles, on the host of Jellyfin, Radarr and Sonarr: nothing is reached but this host.
{
  imports = [ ./minimal.nix ];

  services.jellyfin.enable = true;
  services.radarr.enable = true;
  services.sonarr.enable = true;

  services.mediaPipeline.settings = {
    cleanup = { };
    watched = {
      dryRun = false;
      primaryUser = "ada";
      leavingSoon.countdown = "3 days";
      jellyfin.url = "http://127.0.0.1:8096";
      jellyfin.apiKeyFile = "/run/secrets/jellyfin";
      radarr.url = "http://localhost:7878";
      radarr.apiKeyFile = "/run/secrets/radarr";
      sonarr.url = "http://[::1]:8989/sonarr";
      sonarr.apiKeyFile = "/run/secrets/sonarr";
    };
  };
}
