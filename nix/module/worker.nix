# What every unit of the worker has in common.
{
  config,
  lib,
  ...
}:
let
  inherit (lib) getExe;
  cfg = config.services.mediaPipeline;
  inherit (cfg) settings;
  isLocal = lib.hasPrefix "/" settings.upload.remote;

  secrets = {
    "qbittorrent.passwordFile" = settings.qbittorrent.passwordFile;
    "qbittorrent.apiKeyFile" = settings.qbittorrent.apiKeyFile;
    "upload.rcloneConfigFile" = settings.upload.rcloneConfigFile;
    "upload.rcloneEnvironmentFile" = settings.upload.rcloneEnvironmentFile;
    "upload.extract.passwordsFile" = settings.upload.extract.passwordsFile;
  }
  // lib.genAttrs ofWatched (key: lib.attrByPath (lib.splitString "." key) null settings);
  # A service that is not used is null, and so has no key.
  ofWatched = [
    "watched.jellyfin.apiKeyFile"
    "watched.radarr.apiKeyFile"
    "watched.radarr4k.apiKeyFile"
    "watched.sonarr.apiKeyFile"
    "watched.sonarr4k.apiKeyFile"
    "watched.seerr.apiKeyFile"
    "watched.notify.ntfy.tokenFile"
    "watched.notify.webhook.urlFile"
  ];
  isWithin = path: root: path == root || lib.hasPrefix "${root}/" path;
  isInHome =
    path:
    lib.any (home: lib.hasPrefix "${home}/" path) [
      "/home"
      "/root"
    ];
in
rec {
  inherit isInHome ofWatched;

  ofClient = [
    "qbittorrent.passwordFile"
    "qbittorrent.apiKeyFile"
  ];
  ofRemote = [
    "upload.rcloneConfigFile"
    "upload.rcloneEnvironmentFile"
  ];
  ofArchives = [ "upload.extract.passwordsFile" ];

  secretsOf =
    keys:
    map (key: {
      inherit key;
      path = toString secrets.${key};
    }) (builtins.filter (key: secrets.${key} != null) keys);

  # systemd reads them as root and shows them to this unit alone, each under the name of its key.
  credentials = keys: map ({ key, path }: "${key}:${path}") (secretsOf keys);

  writable = [
    cfg.dataDir
    settings.stateDir
  ]
  ++ lib.optional (!isWithin settings.extractedDir cfg.dataDir) settings.extractedDir;

  # A switch never kills a run, and never waits for one.
  unit = {
    restartIfChanged = false;
    stopIfChanged = false;
    unitConfig = {
      X-StopOnRemoval = false;
      RequiresMountsFor = writable ++ lib.optional isLocal settings.upload.remote;
    };
    # Failures are retried with growing pauses (RestartSteps); many tickets at once are no failure.
    startLimitIntervalSec = 0;
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
    environment = {
      # Compiled code: a third of the time to start.
      NODE_COMPILE_CACHE = "%C/media-pipeline/node";
      # Where rclone would look for its configuration and keep its caches.
      XDG_CACHE_HOME = "%C/media-pipeline";
    };
  };

  service =
    command: keys:
    {
      Type = "oneshot";
      ExecStart = "${getExe cfg.package} ${command}";
      User = cfg.user;
      Group = cfg.group;
      # The group may write what is made here: the library's programs link only what they could write.
      UMask = "0002";
      CacheDirectory = "media-pipeline";
      CacheDirectoryMode = "0700";
      LoadCredential = credentials keys;

      # The worker stops rclone itself, and is given the time to; what is left then is killed.
      KillMode = "mixed";
      TimeoutStopSec = "2min";
      SuccessExitStatus = 143;

      # Playback, seeding and people come first.
      Nice = 10;
      IOSchedulingClass = "idle";
      CPUWeight = 20;
      IOWeight = 20;
      MemoryHigh = cfg.memoryHigh;
    }
    // hardening;

  hardening = {
    # One directory for all data: link(2) and rename(2) between two of these fail with EXDEV, also on one file system.
    ReadWritePaths =
      writable
      # One that is not there is the worker's to report: it says what to do.
      ++ lib.optional isLocal "-${settings.upload.remote}";
    ProtectSystem = "strict";
    # Unless the data lies there, as it does for some.
    ProtectHome = !(lib.any isInHome writable);
    PrivateTmp = true;
    PrivateDevices = true;
    PrivateUsers = true;
    PrivateMounts = true;
    NoNewPrivileges = true;
    CapabilityBoundingSet = "";
    AmbientCapabilities = "";
    ProtectClock = true;
    ProtectControlGroups = true;
    ProtectHostname = true;
    ProtectKernelLogs = true;
    ProtectKernelModules = true;
    ProtectKernelTunables = true;
    # rclone opens the worker's files through /proc/<pid>/fd: processes of one user see each other, others are hidden.
    ProtectProc = "invisible";
    ProcSubset = "pid";
    RestrictAddressFamilies = [
      "AF_INET"
      "AF_INET6"
      "AF_UNIX"
      # To learn which addresses this host has.
      "AF_NETLINK"
    ];
    RestrictNamespaces = true;
    RestrictRealtime = true;
    # Directories made below a setgid one still inherit it.
    RestrictSUIDSGID = true;
    LockPersonality = true;
    RemoveIPC = true;
    # MemoryDenyWriteExecute is absent: V8 writes the machine code that it runs.
    SystemCallArchitectures = "native";
    SystemCallFilter = [
      "@system-service"
      # V8 guards its code with memory protection keys where the processor has them.
      "@pkey"
      "~@privileged"
      "~@resources"
      # setpriv, which ties rclone's life to the worker's, sets the capabilities that it has anyway: none.
      "capset"
    ];
    SystemCallErrorNumber = "EPERM";
  };
}
