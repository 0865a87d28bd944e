{ lib, ... }:
let
  inherit (lib) mkOption;
  inherit (lib.types)
    bool
    enum
    ints
    nullOr
    str
    strMatching
    ;
  types = import ../types.nix { inherit lib; };
in
{
  options.upload = {
    remote = mkOption {
      type = strMatching "[^-].*:.*|/.*";
      example = "b2:my-bucket";
      description = "The rclone remote that everything goes to, with its bucket or folder.";
    };

    path = mkOption {
      type = str;
      default = "downloads";
      description = "Folder on the remote for items whose category has none of its own.";
    };

    rcloneConfigFile = mkOption {
      type = nullOr types.secretFile;
      default = null;
      example = "/run/secrets/rclone.conf";
      description = "rclone's configuration file, which defines the remote.";
    };

    rcloneEnvironmentFile = mkOption {
      type = nullOr types.secretFile;
      default = null;
      example = "/run/secrets/rclone.env";
      description = ''
        File of lines such as `RCLONE_CONFIG_B2_TYPE=b2`, `RCLONE_CONFIG_B2_ACCOUNT=…` and `RCLONE_CONFIG_B2_KEY=…`: a
        remote without a configuration file. Only rclone is given them.
      '';
    };

    transfers = mkOption {
      type = ints.between 1 64;
      default = 4;
      description = "Large files in flight at once.";
    };

    bandwidth = mkOption {
      type = nullOr str;
      default = null;
      example = "08:00,2M 23:00,off";
      description = "Upload limit in bytes a second (`2M`), or a timetable, as rclone's `--bwlimit`.";
    };

    verify = mkOption {
      type = enum [
        "metadata"
        "sampled"
        "readback"
      ];
      default = "sampled";
      description = ''
        What is read back beside the hashes: nothing; samples of large files, whose hash on the remote is only a claim;
        or every file, whole.
      '';
    };

    extract = {
      enable = mkOption {
        type = bool;
        default = true;
        description = "Whether archives are extracted.";
      };

      extractor = mkOption {
        type = enum [
          "auto"
          "unar"
          "7zz"
          "unrar"
        ];
        default = "auto";
        description = ''
          Program that reads archives; `auto` picks one for each. `unrar` is unfree and has to be added to the package.
        '';
      };

      passwordsFile = mkOption {
        type = nullOr types.secretFile;
        default = null;
        example = "/run/secrets/archive-passwords";
        description = "File with one archive password a line, tried in turn.";
      };

      depth = mkOption {
        type = ints.between 1 8;
        default = 1;
        description = "How deep archives inside archives are opened; 1 is the item's own archives only.";
      };

      reserveBytes = mkOption {
        type = types.bytes;
        default = 10 * 1024 * 1024 * 1024;
        example = "100G";
        description = "What stays free on the disk of `extractedDir`, in bytes.";
      };
    };
  };
}
