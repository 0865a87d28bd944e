# Every option, and each with another value than its default.
{ pkgs, ... }:
{
  services.jellyfin.enable = true;
  services.seerr.enable = true;

  # Of another name than the module's own, and so made here.
  users.users.worker = {
    isSystemUser = true;
    group = "library";
  };
  users.groups.library = { };

  fileSystems."/" = {
    device = "/dev/disk/by-label/root";
    fsType = "ext4";
  };
  fileSystems."/tank" = {
    device = "tank";
    fsType = "zfs";
  };

  services.mediaPipeline = {
    enable = true;
    package = pkgs.media-pipeline;
    user = "worker";
    group = "library";
    dataDir = "/tank/torrents";
    uploadInterval = "30min";
    cleanupInterval = "1h";
    watchedCalendar = "Sun 04:00";
    memoryHigh = "4G";

    qbittorrent = {
      enable = true;
      openFirewall = true;
      webuiPort = 8090;
      torrentingPort = 51413;
      downloadingDir = "/tank/torrents/partial";
    };

    mount = {
      enable = true;
      package = pkgs.rclone;
      remote = "b2:my-bucket/downloads";
      mountPoint = "/srv/library";
      cacheDir = "/tank/cache";
      cacheMaxSize = "50G";
      cacheMaxAge = "36h";
      dirCacheTime = "5m";
      consumers = [ "jellyfin.service" ];
      extraArgs = [
        "--read-only"
        "--header=X-Why: 100% of $HOME"
      ];
    };

    settings = {
      stateDir = "/var/lib/pipeline";
      completedDir = "/tank/torrents/done";
      extractedDir = "/tank/torrents/unpacked";
      categories = {
        tv-sonarr.remotePath = "tv";
        radarr.remotePath = "movies/new";
      };

      qbittorrent = {
        url = "http://127.0.0.1:8090";
        username = "owner";
        passwordFile = "/run/secrets/qbittorrent";
        apiKeyFile = "/run/secrets/qbittorrent-api-key";
        pathMap."/downloads" = "/tank/torrents/done";
      };

      upload = {
        remote = "b2:my-bucket";
        path = "incoming";
        rcloneConfigFile = "/run/secrets/rclone.conf";
        rcloneEnvironmentFile = "/run/secrets/rclone.env";
        transfers = 8;
        bandwidth = "08:00,2M 23:00,off";
        verify = "readback";
        extract = {
          enable = false;
          extractor = "unar";
          passwordsFile = "/run/secrets/archive-passwords";
          depth = 3;
          reserveBytes = "100G";
        };
      };

      storage = {
        dryRun = false;
        stash.root = "/stash";
        stash.seedingDirs = [ "/stash/seeding" ];
        pool.root = "/pool";
        pool.seedingDirs = [ "/pool/seeding" ];
        seedOnlyTag = "seed-only";
        quarantineFor = "7 days";
        reserveBytes = "500G";
      };

      hashCache.roots = [ "/srv/archive" ];

      cleanup = {
        dryRun = true;
        mode = "managed";
        minSeedTime = "10 days";
        minRatio = 1.5;
        trackers."tracker.example" = {
          minSeedTime = "14.5 days";
          minRatio = 2;
        };
        onlyWhenFreeBelowBytes = "500G";
        quarantineFor = "3 days";
        maxDeletesPerRun = 20;
        maxListShrink = 0.25;
        neverDelete = [ "/tank/torrents/done/keep/**" ];
      };

      watched = {
        dryRun = false;
        gracePeriod = "10 days";
        keepTag = "never";
        primaryUser = "ada";
        watchedBy = [
          "ada"
          "grace"
        ];
        maxRetirementsPerRun = 5;
        maxEligibleShare = 0.1;
        maxListShrink = 0.1;
        leavingSoon = {
          countdown = "36 hours";
          collection = "Going";
        };
        stale.after = "180 days";
        pressure = {
          path = "/tank/library";
          belowBytes = "500G";
          untilBytes = "1T";
        };
        keepBestQuality = true;
        remote = "hide";
        jellyfin = {
          url = "http://127.0.0.1:8096";
          apiKeyFile = "/run/secrets/jellyfin";
          pathMap."/media" = "/tank/library";
        };
        radarr = {
          url = "http://127.0.0.1:7878";
          apiKeyFile = "/run/secrets/radarr";
          pathMap."/movies" = "/tank/library/movies";
        };
        radarr4k = {
          url = "http://127.0.0.1:7879";
          apiKeyFile = "/run/secrets/radarr-4k";
          pathMap."/movies" = "/home/library/movies-4k";
        };
        sonarr = {
          url = "http://127.0.0.1:8989";
          apiKeyFile = "/run/secrets/sonarr";
          pathMap."/tv" = "/tank/library/tv";
        };
        sonarr4k = {
          url = "http://127.0.0.1:8990";
          apiKeyFile = "/run/secrets/sonarr-4k";
          pathMap."/tv" = "/tank/library/tv-4k";
        };
        seerr = {
          url = "http://127.0.0.1:5055";
          apiKeyFile = "/run/secrets/seerr";
          requesterFirst = false;
          closeRequests = true;
        };
        notify = {
          on = [
            "retired"
            "failed"
          ];
          ntfy = {
            url = "https://ntfy.example/media";
            tokenFile = "/run/secrets/ntfy";
          };
          webhook.urlFile = "/run/secrets/webhook";
          mail = {
            to = [
              "root"
              "ada@example.org"
            ];
            from = "media@example.org";
            sendmail = "/run/current-system/sw/bin/sendmail";
          };
        };
      };
    };
  };
}
