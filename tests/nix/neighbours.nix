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
    jellyfin = {
      enable = mkEnableOption "Jellyfin";
      user = option types.str "jellyfin";
      group = option types.str "jellyfin";
    };
  };

  config.systemd.services = {
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
