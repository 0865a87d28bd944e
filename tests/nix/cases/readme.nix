# The README's example.
{
  services.mediaPipeline = {
    enable = true;
    qbittorrent.enable = true; # ports 8080 and 6881, directories, the hook on completion, categories
    mount = {
      enable = true; # /media/b2, with 150 GB of cache for seven days
      consumers = [ "jellyfin.service" ];
    };
    settings = {
      qbittorrent.passwordFile = "/run/secrets/qbittorrent";
      upload = {
        remote = "b2:entertainment-netmount";
        rcloneEnvironmentFile = "/run/secrets/rclone_b2_env"; # RCLONE_CONFIG_B2_TYPE=b2, …_ACCOUNT=…, …_KEY=…
        bandwidth = "08:00,2M 23:00,off";
      };
      categories.tv-sonarr.remotePath = "tv";
      categories.radarr.remotePath = "movies";
      cleanup = {
        mode = "managed";
        minSeedTime = "7 days";
        minRatio = 0; # no matter how much was given back
      };
    };
  };

  services.jellyfin.enable = true;
}
