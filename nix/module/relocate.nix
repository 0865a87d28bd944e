# media-pipeline-index and media-pipeline-relocate: one payload, two filesystems.
{ config, lib, ... }:
let
  inherit (lib)
    mkIf
    mkMerge
    mkOption
    optionals
    ;
  inherit (lib.types) str;
  cfg = config.services.mediaPipeline;
  inherit (cfg.settings) hashCache storage;
  worker = import ./worker.nix { inherit config lib; };

  # Each filesystem whole: the libraries' links lie beside the seeding directories, and link(2) from one into the other
  # fails with EXDEV where each is granted by itself.
  roots =
    optionals (storage != null) [
      storage.stash.root
      storage.pool.root
    ]
    ++ optionals (hashCache != null) hashCache.roots;

  # A writable directory inside another one would be a file system of its own to the unit.
  outermost =
    paths:
    lib.filter (path: !lib.any (other: other != path && lib.hasPrefix "${other}/" path) paths) (
      lib.unique paths
    );

  schedule = at: {
    OnCalendar = at;
    Persistent = true;
    RandomizedDelaySec = "30min";
  };
  calendar =
    what: default:
    mkOption {
      type = str;
      inherit default;
      example = "Sun 04:00";
      description = "When ${what}, as a calendar event of systemd ({manpage}`systemd.time(7)`).";
    };
in
{
  options.services.mediaPipeline = {
    indexCalendar = calendar "the hash cache is brought up to date" "03:00";
    relocateCalendar = calendar "payloads are moved between stash and pool" "05:00";
  };

  config = mkIf cfg.enable (mkMerge [
    (mkIf (roots != [ ]) {
      systemd.services.media-pipeline-index = mkMerge [
        worker.unit
        {
          description = "Bring the hash cache up to date";
          unitConfig.RequiresMountsFor = roots;
          # It only reads the roots.
          serviceConfig = worker.service "index" [ ];
        }
      ];
      systemd.timers.media-pipeline-index = {
        description = "Bring the hash cache up to date";
        wantedBy = [ "timers.target" ];
        timerConfig = schedule cfg.indexCalendar;
      };
    })
    (mkIf (storage != null) {
      systemd.services.media-pipeline-relocate = mkMerge [
        worker.unit
        {
          description = "Move payloads between stash and pool";
          after = [
            "qbittorrent.service"
            "media-pipeline-index.service"
          ];
          unitConfig.RequiresMountsFor = roots;
          serviceConfig =
            let
              base = worker.service "relocate" worker.ofClient;
            in
            base
            // {
              ReadWritePaths = outermost (
                base.ReadWritePaths
                ++ [
                  storage.stash.root
                  storage.pool.root
                ]
              );
            };
        }
      ];
      systemd.timers.media-pipeline-relocate = {
        description = "Move payloads between stash and pool";
        wantedBy = [ "timers.target" ];
        timerConfig = schedule cfg.relocateCalendar;
      };
    })
  ]);
}
