# NixOS, as far as the module touches it: any other option is unknown here, and so an error.
{ lib, pkgs, ... }:
let
  inherit (lib) mkOption types;
  inherit (types)
    attrsOf
    bool
    listOf
    nullOr
    str
    submodule
    ;
  option =
    type: default:
    mkOption {
      inherit type default;
    };
  ports = option (listOf types.port) [ ];
in
{
  imports = [
    ./systemd.nix
    ./qbittorrent.nix
    ./neighbours.nix
  ];

  options = {
    assertions = option (listOf types.unspecified) [ ];
    warnings = option (listOf str) [ ];
    meta.maintainers = option (listOf types.unspecified) [ ];

    environment.systemPackages = option (listOf types.package) [ ];
    environment.etc = option (attrsOf (
      submodule (
        { name, config, ... }:
        {
          options = {
            enable = option bool true;
            target = option str name;
            text = option (nullOr types.lines) null;
            source = mkOption { type = types.path; };
            mode = option str "symlink";
            user = option str "+0";
            group = option str "+0";
          };
          config.source = lib.mkIf (config.text != null) (
            lib.mkDerivedConfig (lib.mkDefault config.text) (pkgs.writeText "etc-${baseNameOf name}")
          );
        }
      )
    )) { };

    users.users = option (attrsOf (
      submodule (
        { name, ... }:
        {
          options = {
            name = option str name;
            uid = option (nullOr types.int) null;
            isSystemUser = option bool false;
            isNormalUser = option bool false;
            group = option str "";
            extraGroups = option (listOf str) [ ];
            description = option str "";
            home = option types.path "/var/empty";
            createHome = option bool false;
          };
        }
      )
    )) { };
    users.groups = option (attrsOf (
      submodule (
        { name, ... }:
        {
          options = {
            name = option str name;
            gid = option (nullOr types.int) null;
            members = option (listOf str) [ ];
          };
        }
      )
    )) { };

    networking.firewall.allowedTCPPorts = ports;
    networking.firewall.allowedUDPPorts = ports;

    fileSystems = option (attrsOf (
      submodule (
        { name, ... }:
        {
          options = {
            mountPoint = option str name;
            device = option (nullOr str) null;
            fsType = option str "auto";
            options = option (listOf str) [ "defaults" ];
            neededForBoot = option bool false;
          };
        }
      )
    )) { };

    programs.fuse.userAllowOther = option bool false;
  };
}
