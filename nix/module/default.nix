# services.mediaPipeline: config.json and the units that run the worker. What each unit is for stands in its own file.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    filterAttrsRecursive
    getExe
    literalExpression
    mkEnableOption
    mkIf
    mkOption
    ;
  inherit (lib.types)
    attrs
    package
    path
    str
    ;
  types = import ./types.nix { inherit lib; };
  cfg = config.services.mediaPipeline;
  format = pkgs.formats.json { };
in
{
  imports = [
    ./settings
    ./checks.nix
    ./checks-storage.nix
    ./checks-watched.nix
    ./upload.nix
    ./cleanup.nix
    ./relocate.nix
    ./watched.nix
    ./qbittorrent.nix
    ./mount.nix
    ./commands.nix
  ];

  options.services.mediaPipeline = {
    enable = mkEnableOption "media-pipeline: completed torrents to a remote, proven there, then off the disk";

    package = mkOption {
      type = package;
      default = pkgs.media-pipeline or (pkgs.callPackage ../package.nix { });
      defaultText = literalExpression "pkgs.media-pipeline";
      description = "The media-pipeline package to use.";
    };

    user = mkOption {
      type = str;
      default = "media-pipeline";
      description = "User that the worker runs as. This one is made here; any other has to exist.";
    };

    group = mkOption {
      type = str;
      default = "media";
      description = ''
        Group that the worker, qBittorrent and the programs of the library share: files of one can be linked and removed
        by the others. This one is made here; any other has to exist.
      '';
    };

    dataDir = mkOption {
      type = types.directory;
      default = "/var/lib/qBittorrent";
      example = "/tank/torrents";
      description = ''
        The one directory below which the worker may write, beside its state. All that is hardlinked or renamed has to
        lie under it: to a hardened unit two writable directories are two file systems. So where a library shall hold
        hardlinks to torrents, take a directory that contains both, such as {file}`/srv/media`.
      '';
    };

    configFile = mkOption {
      type = path;
      readOnly = true;
      internal = true;
      description = "The rendered config.json, checked by the worker.";
    };

    rendered = mkOption {
      type = attrs;
      readOnly = true;
      internal = true;
      description = "What is in config.json.";
    };
  };

  config = mkIf cfg.enable {
    services.mediaPipeline = {
      rendered = filterAttrsRecursive (_: value: value != null) cfg.settings;
      configFile =
        pkgs.runCommand "media-pipeline.json"
          {
            unchecked = format.generate "media-pipeline-unchecked.json" cfg.rendered;
            preferLocalBuild = true;
          }
          ''
            ${getExe cfg.package} --config "$unchecked" config check
            cp "$unchecked" "$out"
          '';
    };

    environment.etc."media-pipeline/config.json".source = cfg.configFile;

    users.users = mkIf (cfg.user == "media-pipeline") {
      media-pipeline = {
        isSystemUser = true;
        inherit (cfg) group;
        description = "media-pipeline";
      };
    };
    users.groups = mkIf (cfg.group == "media") { media = { }; };

    systemd.tmpfiles.settings."10-media-pipeline" = {
      # The group passes through to the spool, and reads nothing.
      ${cfg.settings.stateDir}.d = {
        inherit (cfg) user group;
        mode = "0710";
      };
      # qBittorrent drops its tickets here.
      "${cfg.settings.stateDir}/spool".d = {
        inherit (cfg) user group;
        mode = "2770";
      };
      ${cfg.settings.extractedDir}.d = {
        inherit (cfg) user group;
        mode = "2770";
      };
    };
  };

  meta.maintainers = [ ];
}
