{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.mount.mountpoint = "/media/b2";
}
