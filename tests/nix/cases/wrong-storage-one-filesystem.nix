{
  imports = [ ./minimal.nix ];
  fileSystems."/".device = "/dev/a";
  fileSystems."/data".device = "/dev/b";
  services.mediaPipeline.settings.storage = {
    stash.root = "/data/stash";
    pool.root = "/data/pool";
    stash.seedingDirs = [ "/data/stash/seeding" ];
    pool.seedingDirs = [ "/data/pool/seeding" ];
  };
}
