# Nothing says how to reach the remote: a warning for the upload, and an error for the mount.
{
  services.mediaPipeline = {
    enable = true;
    mount.enable = true;
    settings = {
      qbittorrent.url = "http://127.0.0.1:8080";
      upload.remote = "b2:my-bucket";
    };
  };
}
