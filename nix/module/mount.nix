# rclone-b2-mount: the remote as a directory, for the programs that play from it. Uploads do not pass through it.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    genAttrs
    getExe
    getExe'
    literalExpression
    mkEnableOption
    mkForce
    mkIf
    mkOption
    mkPackageOption
    optionals
    ;
  inherit (lib.types)
    listOf
    str
    strMatching
    ;
  types = import ./types.nix { inherit lib; };
  cfg = config.services.mediaPipeline;
  inherit (cfg) mount settings;
  inherit (settings.upload) rcloneConfigFile rcloneEnvironmentFile;

  # systemd would take % for a specifier and $ for a variable.
  quote = text: lib.replaceStrings [ "%" "$" ] [ "%%" "$$" ] (builtins.toJSON text);
  timeSpan = strMatching "([0-9]+(ms|s|m|h|d|w|M|y))+" // {
    description = "time span of rclone such as 1m or 7d";
  };
  size = strMatching "[0-9]+[KMGTP]|off" // {
    description = "size of rclone such as 150G, or off";
  };
in
{
  options.services.mediaPipeline.mount = {
    enable = mkEnableOption "the mount of the remote (unit {command}`rclone-b2-mount`)";

    package = mkPackageOption pkgs "rclone" { };

    remote = mkOption {
      type = str;
      default = settings.upload.remote;
      defaultText = literalExpression "config.services.mediaPipeline.settings.upload.remote";
      example = "b2:my-bucket/downloads";
      description = "What is mounted; its credentials are those of the upload.";
    };

    mountPoint = mkOption {
      type = types.directory;
      default = "/media/b2";
      description = "Where it is mounted.";
    };

    cacheDir = mkOption {
      type = types.directory;
      default = "/var/cache/rclone-b2-mount";
      description = "Directory of what was read, on a local disk.";
    };

    cacheMaxSize = mkOption {
      type = size;
      default = "150G";
      description = "How large the cache of files may grow.";
    };

    cacheMaxAge = mkOption {
      type = timeSpan;
      default = "7d";
      description = "How long a file that nobody reads stays in the cache.";
    };

    dirCacheTime = mkOption {
      type = timeSpan;
      default = "1m";
      description = "How soon what was uploaded appears.";
    };

    consumers = mkOption {
      type = listOf (strMatching ".+\\.service");
      default = [ ];
      example = [
        "jellyfin.service"
        "copyparty.service"
      ];
      description = ''
        Units that read the mount. It starts them, they stop with it and come back with it, so that none ever takes an
        empty directory for an empty library. While the remote cannot be reached they wait, and nothing waits for them:
        `multi-user.target` wants them no more. A switch that changes the mount, as by a newer rclone, restarts them too.
      '';
    };

    extraArgs = mkOption {
      type = listOf str;
      default = [ ];
      example = [ "--read-only" ];
      description = "Further arguments of {command}`rclone mount`.";
    };
  };

  config = mkIf (cfg.enable && mount.enable) {
    systemd.services = {
      rclone-b2-mount = {
        description = "The remote at ${mount.mountPoint}";
        documentation = [ "https://rclone.org/commands/rclone_mount/" ];
        wants = [ "network-online.target" ];
        after = [ "network-online.target" ];
        unitConfig.RequiresMountsFor = [
          mount.cacheDir
          # Of the mount point itself systemd would make a dependency on what this unit mounts.
          (dirOf mount.mountPoint)
        ];
        startLimitIntervalSec = 0;
        # rclone calls fusermount3.
        path = [ pkgs.fuse3 ];
        serviceConfig = {
          Type = "notify";
          # What a mount that was killed leaves behind answers nothing but "transport endpoint is not connected".
          ExecStartPre = [
            "-${getExe' pkgs.fuse3 "fusermount3"} -uz ${quote mount.mountPoint}"
            "${getExe' pkgs.coreutils "mkdir"} -p ${quote mount.mountPoint}"
          ];
          ExecStart = lib.concatStringsSep " " (
            [
              (getExe mount.package)
              "mount"
              (quote mount.remote)
              (quote mount.mountPoint)
              "--config=${if rcloneConfigFile != null then "%d/upload.rcloneConfigFile" else "/dev/null"}"
              "--cache-dir=${quote mount.cacheDir}"
              "--vfs-cache-mode=full"
              "--vfs-cache-max-size=${mount.cacheMaxSize}"
              "--vfs-cache-max-age=${mount.cacheMaxAge}"
              "--dir-cache-time=${mount.dirCacheTime}"
              "--poll-interval=0"
              "--allow-other"
              "--umask=002"
              # For statistics of the cache; only root gets through to it.
              "--rc"
              "--rc-addr=unix:///run/rclone-b2-mount/rc.sock"
              "--rc-no-auth"
            ]
            ++ map quote mount.extraArgs
          );
          ExecStop = "${getExe' pkgs.fuse3 "fusermount3"} -uz ${quote mount.mountPoint}";
          Restart = "always";
          RestartSec = "5s";
          RestartSteps = 6;
          RestartMaxDelaySec = "5min";
          TimeoutStopSec = "30s";
          RuntimeDirectory = "rclone-b2-mount";
          RuntimeDirectoryMode = "0700";
          LoadCredential = optionals (rcloneConfigFile != null) [
            "upload.rcloneConfigFile:${rcloneConfigFile}"
          ];
          # rclone's own settings, for this process alone; systemd reads the file, no shell does.
          EnvironmentFile = optionals (rcloneEnvironmentFile != null) [ rcloneEnvironmentFile ];

          # Root, as only root may let others in without opening FUSE to everybody. And no protection that makes a mount
          # namespace (ProtectSystem, ProtectHome, ProtectHostname, PrivateTmp, PrivateDevices, ProtectKernel…,
          # ProtectProc): the mount would be made in there, and nobody else would see it.
          CapabilityBoundingSet = [
            "CAP_SYS_ADMIN"
            # Files of the cache and mount points may belong to others.
            "CAP_DAC_OVERRIDE"
            "CAP_DAC_READ_SEARCH"
          ];
          DevicePolicy = "closed";
          DeviceAllow = [ "/dev/fuse rw" ];
          KeyringMode = "private";
          LockPersonality = true;
          MemoryDenyWriteExecute = true;
          NoNewPrivileges = true;
          ProtectClock = true;
          RestrictAddressFamilies = [
            "AF_INET"
            "AF_INET6"
            "AF_UNIX"
            "AF_NETLINK"
          ];
          RestrictNamespaces = true;
          RestrictRealtime = true;
          RestrictSUIDSGID = true;
          SystemCallArchitectures = "native";
          SystemCallFilter = [
            "@system-service"
            "@mount"
          ];
          SystemCallErrorNumber = "EPERM";
          # The cache is root's alone by its own mode. Parents of the mount point that mkdir makes are for everybody to pass.
          UMask = "0022";
        };
      };
    }
    // genAttrs (map (lib.removeSuffix ".service") mount.consumers) (_: {
      after = [ "rclone-b2-mount.service" ];
      bindsTo = [ "rclone-b2-mount.service" ];
      # By nothing else: a boot or a switch that started them would wait for the remote, and fail without it.
      wantedBy = mkForce [ "rclone-b2-mount.service" ];
      unitConfig.ConditionPathIsMountPoint = mount.mountPoint;
    });

    # Not by multi-user.target: neither a boot nor a switch waits for the network's other end.
    systemd.timers.rclone-b2-mount = {
      description = "Mount the remote";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnActiveSec = "1s";
        AccuracySec = "1s";
      };
    };

    systemd.tmpfiles.settings."10-media-pipeline" = {
      ${mount.cacheDir}.d = {
        user = "root";
        group = "root";
        mode = "0700";
      };
    };
  };
}
