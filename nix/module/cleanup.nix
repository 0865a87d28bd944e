# media-pipeline-cleanup: releases local copies that are proven remote and free of obligations.
{ config, lib, ... }:
let
  inherit (lib) mkIf mkMerge mkOption;
  inherit (lib.types) str;
  cfg = config.services.mediaPipeline;
  worker = import ./worker.nix { inherit config lib; };
in
{
  options.services.mediaPipeline.cleanupInterval = mkOption {
    type = str;
    default = "10min";
    description = "How long after a cleanup the next one runs, as a time span of systemd ({manpage}`systemd.time(7)`).";
  };

  config = mkIf (cfg.enable && cfg.settings.cleanup != null) {
    systemd.services.media-pipeline-cleanup = mkMerge [
      worker.unit
      {
        description = "Release local copies that are proven remote";
        after = [ "qbittorrent.service" ];
        aliases = [ "qbt-cleanup.service" ];
        # No Restart=: the timer comes back soon enough, and what stopped a run is better seen than repeated.
        serviceConfig = worker.service "cleanup" (worker.ofClient ++ worker.ofRemote);
      }
    ];

    systemd.timers.media-pipeline-cleanup = {
      description = "Release local copies that are proven remote";
      aliases = [ "qbt-cleanup.timer" ];
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnBootSec = "5min";
        OnUnitInactiveSec = cfg.cleanupInterval;
        RandomizedDelaySec = "30s";
      };
    };
  };
}
