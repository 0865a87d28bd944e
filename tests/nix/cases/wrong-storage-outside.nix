{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.storage = {
    stash.root = "/stash";
    pool.root = "/pool";
    stash.seedingDirs = [ "/srv/seeding" ];
    pool.seedingDirs = [ "/pool/seeding" ];
  };
}
