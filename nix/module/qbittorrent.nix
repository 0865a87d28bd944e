# nixpkgs' qBittorrent, laid out for the pipeline: directories, ports, the completion hook, categories.
{
  config,
  lib,
  ...
}:
let
  inherit (lib)
    mkAfter
    mkDefault
    mkEnableOption
    mkForce
    mkIf
    mkMerge
    mkOption
    removeSuffix
    ;
  inherit (lib.types) port;
  types = import ./types.nix { inherit lib; };
  worker = import ./worker.nix { inherit config lib; };
  cfg = config.services.mediaPipeline;
  inherit (cfg) settings;
  client = config.services.qbittorrent;
  script = name: "${cfg.package}/libexec/media-pipeline/${name}";
  hasPassword = settings.qbittorrent.passwordFile != null;

  # setgid hands the shared group down to all that is downloaded; here, as RestrictSUIDSGID keeps units from setting it.
  shared.d = {
    inherit (client) user;
    inherit (cfg) group;
    mode = "2775";
  };
in
{
  options.services.mediaPipeline.qbittorrent = {
    enable = mkEnableOption "" // {
      description = ''
        Whether to enable qBittorrent ({option}`services.qbittorrent`) with the pipeline's directories, its hook on
        completion and its categories.

        Its settings ({file}`qBittorrent.conf`) are written anew at every start: what you have set in the Web UI, also
        before this, belongs into {option}`services.qbittorrent.serverConfig`. Torrents, categories and tags stay.

        Where a qBittorrent has run before, hand its files over once, after the first deploy. The worker can upload them
        as they are, but nothing in a directory that its group may not write can be released:

        ```sh
        cd /var/lib/qBittorrent # dataDir
        systemctl stop qbittorrent
        chown -R qbittorrent:media downloading completed
        chmod -R u+rwX,g+rwX downloading completed
        find downloading completed -type d -exec chmod g+s {} +
        systemctl start qbittorrent
        ```
      '';
    };

    webuiPort = mkOption {
      type = port;
      default = 8080;
      description = "Port of the Web UI.";
    };

    torrentingPort = mkOption {
      type = port;
      default = 6881;
      description = "Port for other peers.";
    };

    openFirewall = mkEnableOption "both ports in the firewall (the peers' one for TCP and UDP)";

    downloadingDir = mkOption {
      type = types.directory;
      default = "${cfg.dataDir}/downloading";
      defaultText = lib.literalExpression ''"''${config.services.mediaPipeline.dataDir}/downloading"'';
      description = "Directory of torrents that are not complete yet; below `dataDir`, so that a move is a rename.";
    };
  };

  config = mkIf (cfg.enable && cfg.qbittorrent.enable) {
    services.mediaPipeline.settings.qbittorrent.url =
      mkDefault "http://127.0.0.1:${toString cfg.qbittorrent.webuiPort}";

    services.qbittorrent = {
      enable = true;
      inherit (cfg) group;
      inherit (cfg.qbittorrent) webuiPort torrentingPort openFirewall;
      # qBittorrent.conf is written anew from this at every start.
      serverConfig = {
        LegalNotice.Accepted = true;
        BitTorrent.Session = {
          DefaultSavePath = mkDefault settings.completedDir;
          TempPathEnabled = mkDefault true;
          TempPath = mkDefault cfg.qbittorrent.downloadingDir;
        };
        Preferences.WebUI = {
          Username = mkDefault settings.qbittorrent.username;
          # Without a password only this host is let in.
          LocalHostAuth = mkDefault hasPassword;
        };
        # %K is the infohash; nothing that a torrent's author chose reaches the command.
        AutoRun = {
          enabled = true;
          program = "${script "completed"} ${settings.stateDir}/spool %K";
        };
      };
    };

    networking.firewall.allowedUDPPorts = mkIf cfg.qbittorrent.openFirewall [
      cfg.qbittorrent.torrentingPort
    ];

    systemd.services.qbittorrent = {
      unitConfig.RequiresMountsFor = [
        cfg.dataDir
        settings.stateDir
        (removeSuffix "/" client.profileDir)
      ];
      serviceConfig = mkMerge [
        # The worker removes, and the library's programs link, only what their group may write.
        { UMask = mkForce "0002"; }
        # Where the worker has to see /home, so has qBittorrent.
        (mkIf (!worker.hardening.ProtectHome) { ProtectHome = mkForce false; })
        (mkIf hasPassword {
          LoadCredential = [ "qbittorrent.passwordFile:${settings.qbittorrent.passwordFile}" ];
          # After nixpkgs' own, which has just written the file.
          ExecStartPre = mkAfter [
            "${script "qbittorrent-password"} ${removeSuffix "/" client.profileDir}/qBittorrent/config/qBittorrent.conf"
          ];
        })
      ];
    };

    systemd.tmpfiles.settings."10-media-pipeline" = {
      ${cfg.qbittorrent.downloadingDir} = shared;
      ${settings.completedDir} = shared;
    };

    # By a timer: a client that is not up yet fails neither a boot nor a switch.
    systemd.services.media-pipeline-categories = mkIf (settings.categories != { }) (mkMerge [
      worker.unit
      {
        description = "Make the pipeline's categories in qBittorrent";
        after = [ "qbittorrent.service" ];
        serviceConfig = worker.service "categories" worker.ofClient // {
          Restart = "on-failure";
          RestartSec = "10s";
          RestartSteps = 6;
          RestartMaxDelaySec = "10min";
          RestartPreventExitStatus = [
            64
            78
          ];
        };
      }
    ]);
    systemd.timers.media-pipeline-categories = mkIf (settings.categories != { }) {
      description = "Make the pipeline's categories in qBittorrent";
      wantedBy = [ "timers.target" ];
      # A switch that changes them restarts the timer.
      restartTriggers = [ (builtins.toJSON settings.categories) ];
      timerConfig = {
        OnActiveSec = "15s";
        AccuracySec = "1s";
        OnUnitInactiveSec = "6h";
      };
    };
  };
}
