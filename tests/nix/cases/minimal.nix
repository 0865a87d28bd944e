# As little as the module takes: a qBittorrent that is already there, a remote, no cleanup.
{
  services.mediaPipeline = {
    enable = true;
    settings = {
      qbittorrent.url = "http://127.0.0.1:8080";
      upload.remote = "b2:my-bucket";
      upload.rcloneEnvironmentFile = "/run/secrets/rclone.env";
    };
  };
}
