{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.storage = {
    stash.root = "/data";
    pool.root = "/data/pool";
    stash.seedingDirs = [ "/data/seeding" ];
    pool.seedingDirs = [ "/data/pool/seeding" ];
  };
}
