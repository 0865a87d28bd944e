# The quarantine could not take what lies on the other device by a rename.
{
  imports = [ ./minimal.nix ];
  fileSystems."/" = {
    device = "/dev/disk/by-label/root";
    fsType = "ext4";
  };
  fileSystems."/var/lib/qBittorrent/completed/tv" = {
    device = "/dev/disk/by-label/tv";
    fsType = "ext4";
  };
  services.mediaPipeline.settings.cleanup.quarantineFor = "3 days";
}
