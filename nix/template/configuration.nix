{
  services.mediaPipeline = {
    enable = true;
    qbittorrent.enable = true; # Web UI on 8080, peers on 6881, everything in /var/lib/qBittorrent
    qbittorrent.openFirewall = true;

    settings.upload.remote = "b2:entertainment-netmount"; # and there into the folder downloads
    # settings.categories.tv-sonarr.remotePath = "tv"; # a folder of its own for a category of qBittorrent

    # Seeded for 7 days, the torrent goes, and then the local copy, if the remote's is still proven.
    settings.cleanup = {
      mode = "managed";
      minSeedTime = "7 days";
      minRatio = 0; # no matter how much was given back
    };

    mount.enable = true; # at /media/b2, with a cache of 150 GB
    # mount.consumers = [ "jellyfin.service" ]; # started after the mount, stopped with it
  };

  # The rest of the host.
  networking.hostName = "builder";
  time.timeZone = "UTC";
  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;

  services.openssh = {
    enable = true;
    settings.PasswordAuthentication = false;
  };
  users.users.root.openssh.authorizedKeys.keys = [
    (throw "configuration.nix: replace this by your public ssh key, in quotes, or the first deploy locks you out")
  ];

  nix.settings.experimental-features = [
    "nix-command"
    "flakes"
  ];

  # The release that this host was installed with; not to be changed later.
  system.stateVersion = "26.05";
}
