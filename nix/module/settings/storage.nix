{ lib, pkgs, ... }:
let
  inherit (lib) mkOption;
  inherit (lib.types)
    bool
    listOf
    nonEmptyListOf
    nullOr
    str
    submodule
    ;
  types = import ../types.nix { inherit lib; };
  freeformType = (pkgs.formats.json { }).type;

  side =
    name: what:
    mkOption {
      description = "The filesystem of ${what}.";
      type = submodule {
        inherit freeformType;
        options = {
          root = mkOption {
            type = types.directory;
            example = "/${name}";
            description = "Where it is mounted.";
          };
          seedingDirs = mkOption {
            type = nonEmptyListOf types.directory;
            example = [ "/${name}/media/torrents/seeding" ];
            description = ''
              Directories of it that hold nothing but torrents' payloads. A hardlink that lies in none of them pins a
              payload.
            '';
          };
        };
      };
    };
in
{
  options = {
    storage = mkOption {
      default = null;
      description = ''
        The two filesystems that payloads move between: what a library links stays on the stash, what is only seeded goes
        to the pool. null is one filesystem only.
      '';
      example = {
        stash.root = "/stash";
        stash.seedingDirs = [ "/stash/media/torrents/seeding" ];
        pool.root = "/pool";
        pool.seedingDirs = [ "/pool/media/torrents/seeding" ];
      };
      type = nullOr (submodule {
        inherit freeformType;
        options = {
          dryRun = mkOption {
            type = bool;
            default = true;
            description = "Only say what would be moved.";
          };
          stash = side "stash" "the libraries, and of the payloads linked into them";
          pool = side "pool" "payloads that are only seeded";
          seedOnlyTag = mkOption {
            type = str;
            default = "~noHL";
            description = "Torrents with this tag are looked at first. The tag decides nothing.";
          };
          quarantineFor = mkOption {
            type = types.duration;
            default = "3 days";
            description = "How long the source of a move is kept aside before it is removed.";
          };
          reserveBytes = mkOption {
            type = types.bytes;
            default = 100 * 1024 * 1024 * 1024;
            example = "500G";
            description = "What stays free on the filesystem that is moved to, in bytes.";
          };
        };
      });
    };

    hashCache = mkOption {
      default = null;
      description = "What is indexed beside the roots of `storage`; null is nothing.";
      type = nullOr (submodule {
        inherit freeformType;
        options.roots = mkOption {
          type = listOf types.directory;
          default = [ ];
          example = [ "/srv/archive" ];
          description = "Further directories whose files are indexed, beside the roots of `storage`.";
        };
      });
    };
  };
}
