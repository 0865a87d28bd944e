# Services that the module only looks at: their ports, and the units that wait for a mount.
{ config, lib, ... }:
let
  inherit (lib)
    mkEnableOption
    mkIf
    mkOption
    types
    ;
  option =
    type: default:
    mkOption {
      inherit type default;
    };
  cfg = config.services;
  plain = description: {
    inherit description;
    wantedBy = [ "multi-user.target" ];
    serviceConfig.ExecStart = "/nix/store/00000000000000000000000000000000-${lib.toLower description}/bin/${description}";
  };
  jsonish = option (types.attrsOf types.anything) { };
in
{
  options.services = {
    podgrab = {
      enable = mkEnableOption "Podgrab";
      port = option types.port 8080;
    };
    kubo = {
      enable = mkEnableOption "Kubo";
      settings = mkOption {
        default = { };
        type = types.submodule {
          freeformType = types.attrsOf types.anything;
          options.Addresses = {
            API = option (types.either types.str (types.listOf types.str)) [ ];
            Gateway = option (types.either types.str (types.listOf types.str)) "/ip4/127.0.0.1/tcp/8080";
          };
        };
      };
    };
    homepage-dashboard = {
      enable = mkEnableOption "Homepage";
      listenPort = option types.port 8082;
      settings = jsonish;
    };
    radarr.enable = mkEnableOption "Radarr";
    sonarr.enable = mkEnableOption "Sonarr";
    seerr.enable = mkEnableOption "Seerr";
    jellyfin = {
      enable = mkEnableOption "Jellyfin";
      user = option types.str "jellyfin";
      group = option types.str "jellyfin";
    };
  };

  config.systemd.services = {
    radarr = mkIf cfg.radarr.enable (plain "Radarr");
    sonarr = mkIf cfg.sonarr.enable (plain "Sonarr");
    seerr = mkIf cfg.seerr.enable (plain "Seerr");
    jellyfin = mkIf cfg.jellyfin.enable {
      description = "Jellyfin Media Server";
      wantedBy = [ "multi-user.target" ];
      serviceConfig = {
        Type = "simple";
        User = cfg.jellyfin.user;
        Group = cfg.jellyfin.group;
        UMask = "0077";
        ExecStart = "/nix/store/00000000000000000000000000000000-jellyfin/bin/jellyfin";
      };
    };
  };
}
