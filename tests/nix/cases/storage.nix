# Stash and pool, with the torrents' directories below the stash.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline = {
    dataDir = "/stash/media/torrents";
    settings = {
      storage = {
        dryRun = false;
        stash.root = "/stash";
        stash.seedingDirs = [ "/stash/media/torrents/seeding" ];
        pool.root = "/pool";
        pool.seedingDirs = [ "/pool/media/torrents/seeding" ];
        reserveBytes = "500G";
      };
      hashCache.roots = [ "/srv/archive" ];
    };
  };
}
