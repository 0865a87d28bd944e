{ lib, pkgs, ... }:
let
  inherit (lib) mkOption;
  inherit (lib.types)
    attrsOf
    bool
    enum
    ints
    listOf
    nullOr
    strMatching
    submodule
    ;
  types = import ../types.nix { inherit lib; };
in
{
  options.cleanup = mkOption {
    default = null;
    example = {
      mode = "managed";
      minSeedTime = "7 days";
    };
    description = "When local copies are released; null is never.";
    type = nullOr (submodule {
      freeformType = (pkgs.formats.json { }).type;

      options = {
        dryRun = mkOption {
          type = bool;
          default = false;
          description = "Only say what would be released.";
        };

        mode = mkOption {
          type = enum [
            "untracked"
            "managed"
          ];
          default = "untracked";
          description = ''
            `untracked`: release what no torrent claims any more. `managed`: also remove torrents whose obligations are
            met.
          '';
        };

        minSeedTime = mkOption {
          type = types.duration;
          default = "7 days";
          description = "`managed`: how long every torrent seeds at least.";
        };

        minRatio = mkOption {
          type = types.notNegative;
          default = 1;
          description = "`managed`: the ratio that every torrent reaches at least.";
        };

        trackers = mkOption {
          type = attrsOf (submodule {
            options = {
              minSeedTime = mkOption {
                type = nullOr types.duration;
                default = null;
                example = "10 days";
                description = "Seeding time that this tracker demands.";
              };
              minRatio = mkOption {
                type = nullOr types.notNegative;
                default = null;
                example = 1.5;
                description = "Ratio that this tracker demands.";
              };
            };
          });
          default = { };
          example = {
            "tracker.example".minSeedTime = "10 days";
          };
          description = "`managed`: what single trackers demand instead, by their host name.";
        };

        onlyWhenFreeBelowBytes = mkOption {
          type = nullOr types.bytes;
          default = null;
          example = "500G";
          description = "Release only while fewer bytes than this are free on the disk of `completedDir`; null is always.";
        };

        quarantineFor = mkOption {
          type = nullOr types.duration;
          default = null;
          example = "3 days";
          description = "How long a released copy is kept aside first; null is not at all.";
        };

        maxDeletesPerRun = mkOption {
          type = ints.unsigned;
          default = 100;
          description = "Items that one run releases at most.";
        };

        maxListShrink = mkOption {
          type = types.share;
          default = 0.5;
          description = "Share of the torrent list that may vanish between two runs before a run stops in disbelief.";
        };

        neverDelete = mkOption {
          type = listOf (strMatching "/.*");
          default = [ ];
          example = [ "/var/lib/qBittorrent/completed/keep/**" ];
          description = "Absolute paths, or globs of them, that are never released.";
        };
      };
    });
  };
}
