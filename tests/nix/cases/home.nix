# Data in somebody's home, a profile of qBittorrent on another disk, and its own user: all of it has to be reached.
{
  users.users.alice = {
    isSystemUser = true;
    group = "media";
  };

  services.qbittorrent = {
    user = "alice";
    profileDir = "/tank/qBittorrent/";
  };

  services.mediaPipeline = {
    enable = true;
    dataDir = "/home/alice/torrents";
    qbittorrent.enable = true;
    settings.upload.remote = "/srv/remote";
  };
}
