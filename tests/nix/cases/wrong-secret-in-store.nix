# Everybody on the host may read the store.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.qbittorrent.passwordFile =
    "/nix/store/00000000000000000000000000000000-password";
}
