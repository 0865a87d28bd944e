# Archives would be extracted among the completed torrents, and uploaded again; the library would see the cache.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.extractedDir = "/var/lib/qBittorrent/completed/extracted";
  services.mediaPipeline.mount = {
    enable = true;
    cacheDir = "/media/b2/cache";
  };
}
