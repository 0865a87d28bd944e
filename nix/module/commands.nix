# What a person types on the host: the worker and rclone, each as its units run them.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    escapeShellArg
    escapeShellArgs
    getExe
    getExe'
    mkIf
    optionals
    ;
  worker = import ./worker.nix { inherit config lib; };
  cfg = config.services.mediaPipeline;
  inherit (cfg.settings.upload) rcloneConfigFile rcloneEnvironmentFile;

  # As root a transient unit gives the command the service's user and its credentials; anybody else gets the program as
  # it is.
  asUnit = properties: command: ''
    if [ "$(${getExe' pkgs.coreutils "id"} -u)" = 0 ]; then
      streams=--pipe
      if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then streams=--pty; fi
      exec ${config.systemd.package}/bin/systemd-run --quiet --collect --wait "$streams" --service-type=exec \
        --expand-environment=no ${
          escapeShellArgs (map (property: "--property=${property}") properties)
        } \
        -- ${command} "$@"
    fi
    exec ${command} "$@"
  '';

  identity = [
    "User=${cfg.user}"
    "Group=${cfg.group}"
    "UMask=0002"
  ];

  mediaPipeline = pkgs.writeShellScriptBin "media-pipeline" (
    asUnit (
      identity
      ++ [
        "CacheDirectory=media-pipeline"
        "CacheDirectoryMode=0700"
        # Not %C: properties of a transient unit take no specifiers.
        "Environment=NODE_COMPILE_CACHE=/var/cache/media-pipeline/node"
        "Environment=XDG_CACHE_HOME=/var/cache/media-pipeline"
      ]
      ++ map (credential: "LoadCredential=${credential}") (
        worker.credentials (worker.ofClient ++ worker.ofRemote ++ worker.ofArchives)
      )
    ) (getExe cfg.package)
  );

  rclone = pkgs.writeShellScriptBin "media-pipeline-rclone" (
    asUnit
      (
        identity
        ++ optionals (rcloneConfigFile != null) [
          "LoadCredential=upload.rcloneConfigFile:${rcloneConfigFile}"
        ]
        ++ optionals (rcloneEnvironmentFile != null) [ "EnvironmentFile=${rcloneEnvironmentFile}" ]
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
