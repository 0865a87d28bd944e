# What the test in a real systemd boots: the whole pipeline, at short intervals.
{
  services.mediaPipeline = {
    enable = true;
    dataDir = "/var/lib/qBittorrent";
    uploadInterval = "20s";
    cleanupInterval = "15s";

    qbittorrent.enable = true;

    mount = {
      enable = true;
      mountPoint = "/media/b2";
      dirCacheTime = "1s";
    };

    settings = {
      categories.tv-sonarr.remotePath = "tv";
      qbittorrent.passwordFile = "/run/secrets/qbittorrent";
      upload = {
        remote = "b2:media-test";
        rcloneEnvironmentFile = "/run/secrets/rclone.env";
      };
      cleanup.mode = "untracked";
    };
  };
}
