# config.json, key by key: what the worker's own schema knows (`media-pipeline config schema`), typed.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) literalExpression mkOption;
  inherit (lib.types)
    attrsOf
    strMatching
    submodule
    submoduleWith
    ;
  types = import ../types.nix { inherit lib; };
  cfg = config.services.mediaPipeline;

  directories = {
    options = {
      stateDir = mkOption {
        type = types.directory;
        default = "/var/lib/media-pipeline";
        description = "Directory of the database, the spool, the lock and the metrics.";
      };

      completedDir = mkOption {
        type = types.directory;
        default = "${cfg.dataDir}/completed";
        defaultText = literalExpression ''"''${config.services.mediaPipeline.dataDir}/completed"'';
        description = "Directory that completed torrents lie in.";
      };

      extractedDir = mkOption {
        type = types.directory;
        default = "${cfg.dataDir}/extracted";
        defaultText = literalExpression ''"''${config.services.mediaPipeline.dataDir}/extracted"'';
        description = "Directory that archives are extracted into for their upload.";
      };
    };
  };

  categories.options.categories = mkOption {
    type = attrsOf (submodule {
      options.remotePath = mkOption {
        type = strMatching "[^/].*[^/]|[^/]";
        example = "tv";
        description = "Folder on the remote.";
      };
    });
    default = { };
    example = {
      tv-sonarr.remotePath = "tv";
      radarr.remotePath = "movies";
    };
    description = ''
      Folders on the remote by qBittorrent category. With {option}`services.mediaPipeline.qbittorrent.enable` the
      categories are also made in qBittorrent.
    '';
  };
in
{
  options.services.mediaPipeline.settings = mkOption {
    description = ''
      The worker's configuration, {file}`/etc/media-pipeline/config.json`, key by key. The worker's own schema checks it
      when the system is built. Secrets are paths of files, which systemd hands to the unit that needs them.
    '';
    default = { };
    example = literalExpression ''
      {
        upload.remote = "b2:my-bucket";
        upload.rcloneEnvironmentFile = "/run/secrets/rclone.env";
        cleanup = { mode = "managed"; minSeedTime = "7 days"; };
      }
    '';
    type = submoduleWith {
      shorthandOnlyDefinesConfig = true;
      specialArgs = { inherit pkgs; };
      modules = [
        # Keys of a newer worker; a misspelt one is refused by the worker at build time, with the nearest known one.
        { freeformType = (pkgs.formats.json { }).type; }
        directories
        categories
        ./qbittorrent.nix
        ./upload.nix
        ./cleanup.nix
        ./storage.nix
        ./watched.nix
      ];
    };
  };
}
