# What a person types on the host: the worker and rclone, each as its units run them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    concatMapStringsSep
    escapeShellArg
    escapeShellArgs
    getExe
    getExe'
    mkIf
    optional
    ;
  worker = import ./worker.nix { inherit config lib; };
  cfg = config.services.mediaPipeline;
  inherit (cfg.settings.upload) rcloneConfigFile rcloneEnvironmentFile;

  # As root a transient unit gives the command the service's user and its credentials; anybody else gets the program as
  # it is. With a file that is not there systemd would start nothing and say nothing, doctor included.
  asUnit = properties: secrets: command: ''
    if [ "$(${getExe' pkgs.coreutils "id"} -u)" = 0 ]; then
      streams=--pipe
      if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then streams=--pty; fi
      secrets=()
      secret() {
        if [ -e "$2" ]; then secrets+=("--property=$1$2"); else echo "there is no $2: the units will fail" >&2; fi
      }
      ${concatMapStringsSep "\n  " (
        { property, path }:
        "secret ${
          escapeShellArgs [
            property
            path
          ]
        }"
      ) secrets}
      exec ${config.systemd.package}/bin/systemd-run --quiet --collect --wait "$streams" --service-type=exec \
        --expand-environment=no ${
          escapeShellArgs (map (property: "--property=${property}") properties)
        } "''${secrets[@]}" \
        -- ${command} "$@"
    fi
    exec ${command} "$@"
  '';

  loaded =
    keys:
    map (
      { key, path }:
      {
        property = "LoadCredential=${key}:";
        inherit path;
      }
    ) (worker.secretsOf keys);

  identity = [
    "User=${cfg.user}"
    "Group=${cfg.group}"
    "UMask=0002"
  ];

  mediaPipeline = pkgs.writeShellScriptBin "media-pipeline" (
    asUnit
      (
        identity
        ++ [
          "CacheDirectory=media-pipeline"
          "CacheDirectoryMode=0700"
          # Not %C: properties of a transient unit take no specifiers.
          "Environment=NODE_COMPILE_CACHE=/var/cache/media-pipeline/node"
          "Environment=XDG_CACHE_HOME=/var/cache/media-pipeline"
        ]
      )
      (loaded (worker.ofClient ++ worker.ofRemote ++ worker.ofArchives ++ worker.ofWatched))
      (getExe cfg.package)
  );

  rclone = pkgs.writeShellScriptBin "media-pipeline-rclone" (
    asUnit identity
      (
        loaded [ "upload.rcloneConfigFile" ]
        ++ optional (rcloneEnvironmentFile != null) {
          property = "EnvironmentFile=";
          path = rcloneEnvironmentFile;
        }
      )
      (
        if rcloneConfigFile == null then
          "${getExe' pkgs.coreutils "env"} RCLONE_CONFIG=/dev/null ${getExe pkgs.rclone}"
        else
          # Where the credential lies only the unit knows.
          "${pkgs.runtimeShell} -c ${escapeShellArg ''RCLONE_CONFIG=''${CREDENTIALS_DIRECTORY:?run this as root}/upload.rcloneConfigFile exec "$0" "$@"''} ${getExe pkgs.rclone}"
      )
  );
in
{
  config = mkIf cfg.enable {
    environment.systemPackages = [
      (lib.hiPrio mediaPipeline)
      # Its completions.
      cfg.package
      rclone
    ];
  };
}
