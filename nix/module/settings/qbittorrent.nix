{ lib, ... }:
let
  inherit (lib) mkOption;
  inherit (lib.types)
    attrsOf
    nullOr
    str
    strMatching
    ;
  types = import ../types.nix { inherit lib; };
in
{
  options.qbittorrent = {
    url = mkOption {
      type = strMatching "https?://[^/[:space:]]+.*";
      example = "http://127.0.0.1:8080";
      description = ''
        Address of qBittorrent's Web UI. {option}`services.mediaPipeline.qbittorrent.enable` sets it.
      '';
    };

    username = mkOption {
      type = str;
      default = "admin";
      description = "Name to log in with; not used with an API key.";
    };

    passwordFile = mkOption {
      type = nullOr types.secretFile;
      default = null;
      example = "/run/secrets/qbittorrent";
      description = ''
        File that holds the password. Without it and `apiKeyFile` this host must be allowed to bypass authentication.
        With {option}`services.mediaPipeline.qbittorrent.enable` it also becomes the password of the Web UI, which
        without one lets in whoever comes from this host: through a reverse proxy on it, everybody.
      '';
    };

    apiKeyFile = mkOption {
      type = nullOr types.secretFile;
      default = null;
      example = "/run/secrets/qbittorrent-api-key";
      description = ''
        File that holds an API key (qBittorrent 5.2 and later); used instead of name and password. It is for a qBittorrent
        of your own: the one of {option}`services.mediaPipeline.qbittorrent.enable` forgets its key at every start.
      '';
    };

    pathMap = mkOption {
      type = attrsOf str;
      default = { };
      example = {
        "/downloads" = "/var/lib/qBittorrent";
      };
      description = "Paths as qBittorrent sees them to paths on this host, for a client in a container.";
    };
  };
}
