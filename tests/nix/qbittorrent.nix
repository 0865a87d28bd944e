# services.qbittorrent with the options, the files and the unit settings of nixpkgs' own.
{
  config,
  lib,
  pkgs,
  utils,
  ...
}:
let
  inherit (lib)
    mkEnableOption
    mkIf
    mkOption
    mkPackageOption
    optional
    types
    ;
  inherit (types)
    attrsOf
    listOf
    nullOr
    port
    str
    ;
  cfg = config.services.qbittorrent;
  configDir = "${cfg.profileDir}/qBittorrent/config";
  option =
    type: default:
    mkOption {
      inherit type default;
    };

  # Sections are one level deep; what lies deeper is joined to one key by backslashes.
  lines =
    path: value:
    if builtins.isAttrs value then
      lib.concatLists (lib.mapAttrsToList (key: lines (path ++ [ key ])) value)
    else
      [
        "${lib.escape [ "=" ] (lib.concatStringsSep "\\" path)}=${
          lib.replaceStrings [ "\n" ] [ "\\n" ] (lib.generators.mkValueStringDefault { } value)
        }"
      ];
  section =
    name: values:
    lib.concatMapStrings (line: "${line}\n") (
      [ "[${name}]" ] ++ lib.concatLists (lib.mapAttrsToList (key: lines [ key ]) values)
    );
  # Without it a first start takes itself for the upgrade of an old one, and turns queueing on.
  settings = lib.recursiveUpdate {
    BitTorrent.Session.QueueingSystemEnabled = false;
  } cfg.serverConfig;
  file = pkgs.writeText "qBittorrent.conf" (
    lib.concatStringsSep "\n" (lib.mapAttrsToList section settings)
  );
in
{
  options.services.qbittorrent = {
    enable = mkEnableOption "qBittorrent";
    package = mkPackageOption pkgs "qbittorrent-nox" { };
    user = option str "qbittorrent";
    group = option str "qbittorrent";
    profileDir = option types.path "/var/lib/qBittorrent/";
    webuiPort = option (nullOr port) 8080;
    torrentingPort = option (nullOr port) null;
    openFirewall = option types.bool false;
    serverConfig = option (types.submodule { freeformType = attrsOf (attrsOf types.anything); }) { };
    extraArgs = option (listOf str) [ ];
  };

  config = mkIf cfg.enable {
    users.users = mkIf (cfg.user == "qbittorrent") {
      qbittorrent = {
        inherit (cfg) group;
        isSystemUser = true;
      };
    };
    users.groups = mkIf (cfg.group == "qbittorrent") { qbittorrent = { }; };

    networking.firewall.allowedTCPPorts = mkIf cfg.openFirewall (
      optional (cfg.webuiPort != null) cfg.webuiPort
      ++ optional (cfg.torrentingPort != null) cfg.torrentingPort
    );

    systemd.tmpfiles.settings.qbittorrent =
      lib.genAttrs
        [
          "${cfg.profileDir}/qBittorrent/"
          "${cfg.profileDir}/qBittorrent/config/"
        ]
        (_: {
          d = {
            mode = "755";
            inherit (cfg) user group;
          };
        });

    systemd.services.qbittorrent = {
      description = "qbittorrent BitTorrent client";
      wants = [ "network-online.target" ];
      after = [
        "local-fs.target"
        "network-online.target"
        "nss-lookup.target"
      ];
      wantedBy = [ "multi-user.target" ];
      restartTriggers = optional (cfg.serverConfig != { }) file;

      serviceConfig = {
        Type = "simple";
        User = cfg.user;
        Group = cfg.group;
        # A single value, with a line break at its end, as in nixpkgs.
        ExecStartPre = mkIf (
          cfg.serverConfig != { }
        ) "${pkgs.coreutils}/bin/install -Dm600 ${file} \"${configDir}/qBittorrent.conf\"\n";
        ExecStart = utils.escapeSystemdExecArgs (
          [
            (lib.getExe cfg.package)
            "--profile=${cfg.profileDir}"
          ]
          ++ optional (cfg.webuiPort != null) "--webui-port=${toString cfg.webuiPort}"
          ++ optional (cfg.torrentingPort != null) "--torrenting-port=${toString cfg.torrentingPort}"
          ++ cfg.extraArgs
        );
        TimeoutStopSec = 1800;

        CapabilityBoundingSet = "";
        LockPersonality = true;
        MemoryDenyWriteExecute = true;
        NoNewPrivileges = true;
        PrivateDevices = true;
        PrivateNetwork = false;
        PrivateTmp = false;
        PrivateUsers = true;
        ProcSubset = "pid";
        ProtectClock = true;
        ProtectControlGroups = true;
        ProtectHome = "yes";
        ProtectHostname = true;
        ProtectKernelLogs = true;
        ProtectKernelModules = true;
        ProtectKernelTunables = true;
        ProtectProc = "invisible";
        ProtectSystem = "full";
        RemoveIPC = true;
        RestrictAddressFamilies = [
          "AF_INET"
          "AF_INET6"
          "AF_NETLINK"
        ];
        RestrictNamespaces = true;
        RestrictRealtime = true;
        RestrictSUIDSGID = true;
        SystemCallArchitectures = "native";
        SystemCallFilter = [ "@system-service" ];
      };
    };
  };
}
