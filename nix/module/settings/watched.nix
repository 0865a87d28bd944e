{ lib, pkgs, ... }:
let
  inherit (lib) mkOption;
  inherit (lib.types)
    attrsOf
    bool
    either
    enum
    ints
    listOf
    nonEmptyListOf
    nonEmptyStr
    nullOr
    str
    strMatching
    submodule
    ;
  types = import ../types.nix { inherit lib; };
  area =
    options:
    submodule {
      freeformType = (pkgs.formats.json { }).type;
      inherit options;
    };

  url =
    what: port:
    mkOption {
      type = strMatching "https?://[^/[:space:]]+.*";
      example = "http://127.0.0.1:${toString port}";
      description = "Address of ${what}.";
    };
  apiKeyFile =
    what: name:
    mkOption {
      type = types.secretFile;
      example = "/run/secrets/${name}-api-key";
      description = "File that holds the API key of ${what}.";
    };
  pathMap =
    what: container:
    mkOption {
      type = attrsOf str;
      default = { };
      example = {
        ${container} = "/srv/media${container}";
      };
      description = "Paths as ${what} sees them to paths on this host, for one in a container.";
    };

  library =
    what: name: port: container: words:
    mkOption {
      default = null;
      example = {
        url = "http://127.0.0.1:${toString port}";
        apiKeyFile = "/run/secrets/${name}-api-key";
      };
      description = words;
      type = nullOr (area {
        url = url what port;
        apiKeyFile = apiKeyFile what name;
        pathMap = pathMap what container;
      });
    };
in
{
  options.watched = mkOption {
    default = null;
    description = "When watched titles are retired through Radarr and Sonarr; null is never.";
    example = {
      dryRun = false;
      primaryUser = "ada";
      jellyfin.url = "http://127.0.0.1:8096";
      jellyfin.apiKeyFile = "/run/secrets/jellyfin-api-key";
      radarr.url = "http://127.0.0.1:7878";
      radarr.apiKeyFile = "/run/secrets/radarr-api-key";
    };
    type = nullOr (area {
      dryRun = mkOption {
        type = bool;
        default = true;
        description = "Only say what would be retired.";
      };

      gracePeriod = mkOption {
        type = types.duration;
        default = "5 days";
        description = "How long a title stays after it was last watched.";
      };

      keepTag = mkOption {
        type = str;
        default = "keep";
        description = "Titles with this tag in Radarr or Sonarr are never retired. The tag has to exist there.";
      };

      primaryUser = mkOption {
        type = str;
        default = "admin";
        description = "Jellyfin user whose watching counts.";
      };

      watchedBy = mkOption {
        type = either (enum [
          "primary"
          "any"
          "all"
        ]) (nonEmptyListOf nonEmptyStr);
        default = "primary";
        example = [
          "ada"
          "grace"
        ];
        description = "Who has to have watched a title: the primary user, any user, all of them, or each of these.";
      };

      maxRetirementsPerRun = mkOption {
        type = ints.unsigned;
        default = 25;
        description = "Films and seasons that one run retires at most.";
      };

      maxEligibleShare = mkOption {
        type = types.share;
        default = 0.25;
        description = ''
          Share of the library's films and seasons (0 to 1) that may be eligible at once before a run stops in disbelief.
        '';
      };

      maxListShrink = mkOption {
        type = types.share;
        default = 0.2;
        description = ''
          Share of a service's list (0 to 1) that may vanish between two runs before a run stops in disbelief.
        '';
      };

      leavingSoon = mkOption {
        default = null;
        example = {
          countdown = "3 days";
        };
        description = "Announce what is to go, and wait; null is not at all.";
        type = nullOr (area {
          countdown = mkOption {
            type = types.duration;
            default = "3 days";
            description = "How long a title is shown as leaving before it goes.";
          };
          collection = mkOption {
            type = nonEmptyStr;
            default = "Leaving Soon";
            description = "Jellyfin collection that shows what is leaving.";
          };
        });
      };

      stale = mkOption {
        default = null;
        example = {
          after = "180 days";
        };
        description = "Also retire what was never watched by anybody; null is not at all.";
        type = nullOr (area {
          after = mkOption {
            type = types.duration;
            example = "180 days";
            description = "How long ago a title was added that nobody has ever watched.";
          };
        });
      };

      pressure = mkOption {
        default = null;
        example = {
          path = "/srv/media";
          belowBytes = "500G";
          untilBytes = "1T";
        };
        description = "Retire only under disk pressure; null is always.";
        type = nullOr (area {
          path = mkOption {
            type = types.directory;
            example = "/srv/media";
            description = "A directory on the disk in question.";
          };
          belowBytes = mkOption {
            type = types.bytes;
            example = "500G";
            description = "Retire only while fewer bytes than this are free.";
          };
          untilBytes = mkOption {
            type = types.bytes;
            example = "1T";
            description = "Retire until this many bytes are free; the longest watched first.";
          };
        });
      };

      keepBestQuality = mkOption {
        type = bool;
        default = false;
        description = "Also retire the lesser copy of a title that Radarr and its 4K instance both have.";
      };

      remote = mkOption {
        type = enum [
          "keep"
          "hide"
          "delete"
        ];
        default = "keep";
        description = ''
          Our copy on the remote once a title is retired and its torrents are gone: kept, hidden (B2's lifecycle rule
          decides how long it can be brought back), or deleted.
        '';
      };

      jellyfin = mkOption {
        description = "The media server that knows what was watched.";
        type = area {
          url = url "Jellyfin" 8096;
          apiKeyFile = apiKeyFile "Jellyfin" "jellyfin";
          pathMap = pathMap "Jellyfin" "/media";
        };
      };

      radarr = library "Radarr" "radarr" 7878 "/movies" "The film library.";
      radarr4k = library "the 4K Radarr" "radarr-4k" 7879 "/movies-4k" "A second film library.";
      sonarr = library "Sonarr" "sonarr" 8989 "/tv" "The series library.";
      sonarr4k = library "the 4K Sonarr" "sonarr-4k" 8990 "/tv-4k" "A second series library.";

      seerr = mkOption {
        default = null;
        example = {
          url = "http://127.0.0.1:5055";
          apiKeyFile = "/run/secrets/seerr-api-key";
        };
        description = "Where titles are asked for.";
        type = nullOr (area {
          url = url "Seerr" 5055;
          apiKeyFile = apiKeyFile "Seerr" "seerr";
          requesterFirst = mkOption {
            type = bool;
            default = true;
            description = "A title stays until the one who asked for it has watched it.";
          };
          closeRequests = mkOption {
            type = bool;
            default = false;
            description = "Close the request of a retired title, so that it can be asked for again.";
          };
        });
      };

      notify = mkOption {
        default = { };
        description = "Who is told what.";
        type = area {
          on = mkOption {
            type = listOf (enum [
              "leaving-soon"
              "retired"
              "fuse"
              "failed"
            ]);
            default = [
              "leaving-soon"
              "retired"
              "fuse"
              "failed"
            ];
            description = "What is told.";
          };

          ntfy = mkOption {
            default = null;
            example = {
              url = "https://ntfy.example/media";
            };
            description = "An ntfy topic.";
            type = nullOr (area {
              url = mkOption {
                type = strMatching "https?://[^/[:space:]]+.*";
                example = "https://ntfy.example/media";
                description = "Address of the ntfy topic.";
              };
              tokenFile = mkOption {
                type = nullOr types.secretFile;
                default = null;
                example = "/run/secrets/ntfy-token";
                description = "File that holds the access token.";
              };
            });
          };

          webhook = mkOption {
            default = null;
            example = {
              urlFile = "/run/secrets/watched-webhook";
            };
            description = "An address that gets each notice as JSON by POST.";
            type = nullOr (area {
              urlFile = mkOption {
                type = types.secretFile;
                example = "/run/secrets/watched-webhook";
                description = "File that holds the address, which is often a secret itself.";
              };
            });
          };

          mail = mkOption {
            default = null;
            example = {
              to = [ "root" ];
            };
            description = "Mail by the system's sendmail.";
            type = nullOr (area {
              to = mkOption {
                type = nonEmptyListOf (strMatching "[^[:space:]@]+(@[^[:space:]@]+)?");
                example = [ "ada@example.org" ];
                description = "Addresses, or names of this host's users.";
              };
              from = mkOption {
                type = nullOr str;
                default = null;
                example = "media@example.org";
                description = "Sender; by default sendmail chooses.";
              };
              sendmail = mkOption {
                type = strMatching "/.+";
                default = "/run/wrappers/bin/sendmail";
                description = "The system's sendmail.";
              };
            });
          };
        };
      };
    });
  };
}
