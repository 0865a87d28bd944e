# media-pipeline-upload: started by each ticket that qBittorrent drops, and by a timer for what was missed.
{ config, lib, ... }:
let
  inherit (lib) mkIf mkMerge mkOption;
  inherit (lib.types) str;
  cfg = config.services.mediaPipeline;
  worker = import ./worker.nix { inherit config lib; };
in
{
  options.services.mediaPipeline = {
    uploadInterval = mkOption {
      type = str;
      default = "15min";
      description = ''
        How long after a run the next one looks for completed torrents that left no ticket, as a time span of systemd
        ({manpage}`systemd.time(7)`).
      '';
    };

    memoryHigh = mkOption {
      type = str;
      default = "2G";
      description = ''
        Memory above which a run is slowed down, extraction included (`MemoryHigh=` of {manpage}`systemd.resource-control(5)`).
      '';
    };
  };

  config = mkIf cfg.enable {
    systemd.services.media-pipeline-upload = mkMerge [
      worker.unit
      {
        description = "Upload completed torrents to the remote";
        after = [ "qbittorrent.service" ];
        aliases = [ "qbt-upload-b2.service" ];
        serviceConfig =
          worker.service "upload" (worker.ofClient ++ worker.ofRemote ++ worker.ofArchives)
          // {
            Restart = "on-failure";
            RestartSec = "30s";
            RestartSteps = 6;
            RestartMaxDelaySec = "15min";
            # A wrong command line or configuration: a person has to mend it.
            RestartPreventExitStatus = [
              64
              78
            ];
            # Nor by the path unit, which would start it for as long as a ticket lies in the spool.
            ExecStopPost = "${cfg.package}/libexec/media-pipeline/hold-tickets ${cfg.settings.stateDir}/spool";
          };
      }
    ];

    # The spool and not completedDir: that stays full while torrents seed, and the unit would be started without end.
    systemd.paths.media-pipeline-upload = {
      description = "Tickets of completed torrents";
      aliases = [ "qbt-upload-b2.path" ];
      wantedBy = [ "paths.target" ];
      unitConfig.RequiresMountsFor = [ cfg.settings.stateDir ];
      pathConfig.DirectoryNotEmpty = "${cfg.settings.stateDir}/spool";
    };

    systemd.timers.media-pipeline-upload = {
      description = "Look for completed torrents without a ticket";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnBootSec = "3min";
        OnUnitInactiveSec = cfg.uploadInterval;
        RandomizedDelaySec = "30s";
      };
    };
  };
}
