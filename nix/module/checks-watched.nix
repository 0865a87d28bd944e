# What is wrong with the retiring of watched titles, as far as that can be known before the host runs.
{ config, lib, ... }:
let
  inherit (lib)
    concatMapStringsSep
    concatMap
    filterAttrs
    mapAttrsToList
    mkIf
    optional
    optionals
    ;
  cfg = config.services.mediaPipeline;
  inherit (cfg.settings) cleanup watched;
  name = path: "services.mediaPipeline.settings.watched.${path}";

  arrs = filterAttrs (_: arr: arr != null) {
    inherit (watched)
      radarr
      radarr4k
      sonarr
      sonarr4k
      ;
  };
  isNothing = duration: builtins.match "0+(\\.0+)? .*" duration != null;
  live = !watched.dryRun;

  twice = lib.filter (names: builtins.length names > 1) (
    builtins.attrValues (
      lib.mapAttrs (_: map (entry: entry.name)) (
        lib.groupBy (entry: lib.removeSuffix "/" entry.url) (
          mapAttrsToList (name: arr: {
            inherit name;
            inherit (arr) url;
          }) arrs
        )
      )
    )
  );
in
{
  config = mkIf (cfg.enable && watched != null) {
    assertions = [
      {
        assertion = !(live && isNothing watched.gracePeriod);
        message = ''
          ${name "gracePeriod"} (${watched.gracePeriod}) must be more than nothing where ${name "dryRun"} is false: who
          stops a film in its last minutes would lose it in the same night. Set "5 days", or what you like.
        '';
      }
      {
        assertion = builtins.match "[[:space:]]*" watched.keepTag == null;
        message = ''
          ${name "keepTag"} must not be empty: it is how a person keeps a title. Name a tag, and make it in Radarr and Sonarr.
        '';
      }
      {
        assertion = arrs != { };
        message = ''
          ${name "radarr"} and ${name "sonarr"} are both null: titles are retired through them. Set one at least.
        '';
      }
      {
        assertion =
          watched.watchedBy != "primary" || builtins.match "[[:space:]]*" watched.primaryUser == null;
        message = ''
          ${name "primaryUser"} must not be empty where ${name "watchedBy"} is "primary": name the Jellyfin user whose
          watching counts.
        '';
      }
    ]
    ++ optionals (watched.leavingSoon != null) [
      {
        assertion = !(live && isNothing watched.leavingSoon.countdown);
        message = ''
          ${name "leavingSoon.countdown"} (${watched.leavingSoon.countdown}) must be more than nothing: what is announced
          would go at once. Set leavingSoon to null where nothing is to be announced.
        '';
      }
    ]
    ++ optionals (watched.pressure != null) [
      {
        assertion = watched.pressure.untilBytes >= watched.pressure.belowBytes;
        message = ''
          ${name "pressure.untilBytes"} (${toString watched.pressure.untilBytes}) must not be less than
          ${name "pressure.belowBytes"} (${toString watched.pressure.belowBytes}): a run would stop before it begins.
        '';
      }
    ]
    ++ optionals watched.keepBestQuality [
      {
        assertion =
          (watched.radarr != null && watched.radarr4k != null)
          || (watched.sonarr != null && watched.sonarr4k != null);
        message = ''
          ${name "keepBestQuality"} needs two libraries of one kind: set ${name "radarr4k"} beside ${name "radarr"}, or
          set it to false.
        '';
      }
    ]
    ++ map (names: {
      assertion = false;
      message = ''
        ${
          concatMapStringsSep " and " (arr: name "${arr}.url") names
        } are the same address: each instance has its own.
      '';
    }) twice;

    warnings =
      optional (live && cleanup == null) ''
        ${name "dryRun"} is false and services.mediaPipeline.settings.cleanup is null: the torrents of retired titles are
        never removed, and their files stay on the disk. Set cleanup.
      ''
      ++ optional (watched.remote != "keep" && cleanup == null) ''
        ${name "remote"} is "${watched.remote}" and services.mediaPipeline.settings.cleanup is null: the copy on the remote
        goes with the local one, which is cleanup's work. Set cleanup.
      ''
      ++
        concatMap
          (
            what:
            optional (live && watched.notify.${what} != null && watched.notify.on == [ ]) ''
              ${name "notify.on"} is empty: ${name "notify.${what}"} is told nothing.
            ''
          )
          [
            "ntfy"
            "webhook"
            "mail"
          ];
  };
}
