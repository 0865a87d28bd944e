# A path literal would be copied to the store.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.qbittorrent.passwordFile = /run/secrets/qbittorrent;
}
