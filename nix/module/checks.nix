# What no single option shows. Each message names the option to change.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib)
    any
    attrNames
    concatMap
    concatMapStringsSep
    elem
    elemAt
    filter
    foldl'
    groupBy
    hasInfix
    hasPrefix
    head
    length
    mapAttrsToList
    mkIf
    optional
    optionals
    removeSuffix
    stringLength
    ;
  cfg = config.services.mediaPipeline;
  inherit (cfg) settings;
  inherit (settings) cleanup upload;
  name = path: "services.mediaPipeline.${path}";

  isWithin = path: root: path == root || hasPrefix "${root}/" path || root == "/";

  roots = {
    "settings.stateDir" = settings.stateDir;
    "settings.completedDir" = settings.completedDir;
    "settings.extractedDir" = settings.extractedDir;
  }
  // lib.optionalAttrs cfg.qbittorrent.enable {
    "qbittorrent.downloadingDir" = cfg.qbittorrent.downloadingDir;
  }
  // lib.optionalAttrs cfg.mount.enable {
    "mount.mountPoint" = cfg.mount.mountPoint;
    "mount.cacheDir" = cfg.mount.cacheDir;
  }
  // lib.optionalAttrs (hasPrefix "/" upload.remote) { "settings.upload.remote" = upload.remote; };

  overlaps = concatMap (
    one:
    concatMap (
      other:
      optional
        (
          one != other
          && isWithin roots.${other} roots.${one}
          && (roots.${one} != roots.${other} || one < other)
        )
        {
          inherit one other;
        }
    ) (attrNames roots)
  ) (attrNames roots);

  # What is renamed or linked into one another.
  linked = {
    "settings.completedDir" = settings.completedDir;
  }
  // lib.optionalAttrs cfg.qbittorrent.enable {
    "qbittorrent.downloadingDir" = cfg.qbittorrent.downloadingDir;
  };

  mountPoints = attrNames config.fileSystems;
  mountPointOf =
    path:
    foldl' (
      longest: point:
      if isWithin path point && stringLength point >= stringLength longest then point else longest
    ) "" mountPoints;
  mountsInside = root: filter (point: point != root && isWithin point root) mountPoints;

  releasesForReal = cleanup != null && !cleanup.dryRun;

  # systemd-tmpfiles takes the first line for a path, by the names of the files, and passes over the others.
  ownDirectories = attrNames config.systemd.tmpfiles.settings.${tmpfilesName};
  tmpfilesName = "10-media-pipeline";
  fieldsOf =
    rule: filter (field: field != "") (lib.splitString " " (lib.replaceStrings [ "\t" ] [ " " ] rule));
  makesDirectory = type: builtins.match "[dDvqQ].*" type != null;
  overruling =
    map (rule: "systemd.tmpfiles.rules, \"${rule}\"") (
      filter (
        rule:
        let
          fields = fieldsOf rule;
        in
        length fields > 1
        && makesDirectory (head fields)
        && elem (removeSuffix "/" (elemAt fields 1)) ownDirectories
      ) (config.systemd.tmpfiles.rules or [ ])
    )
    ++ concatMap (
      file:
      concatMap (
        path:
        optional (
          any makesDirectory (attrNames config.systemd.tmpfiles.settings.${file}.${path})
          && elem (removeSuffix "/" path) ownDirectories
        ) "systemd.tmpfiles.settings.${file}.${builtins.toJSON path}"
      ) (attrNames config.systemd.tmpfiles.settings.${file})
    ) (filter (file: file < tmpfilesName) (attrNames config.systemd.tmpfiles.settings));

  # Ports that are known when the system is built: ours, and those of nixpkgs' services whose defaults are the same.
  has = path: lib.hasAttrByPath (path ++ [ "enable" ]) options.services;
  registered =
    optionals cfg.qbittorrent.enable [
      {
        option = name "qbittorrent.webuiPort";
        port = cfg.qbittorrent.webuiPort;
      }
      {
        option = name "qbittorrent.torrentingPort";
        port = cfg.qbittorrent.torrentingPort;
      }
    ]
    ++ optionals (has [ "podgrab" ] && config.services.podgrab.enable) [
      {
        option = "services.podgrab.port";
        inherit (config.services.podgrab) port;
      }
    ]
    ++ optionals (has [ "homepage-dashboard" ] && config.services.homepage-dashboard.enable) [
      {
        option = "services.homepage-dashboard.listenPort";
        port = config.services.homepage-dashboard.listenPort;
      }
    ]
    ++ optionals (has [ "kubo" ] && config.services.kubo.enable) (
      concatMap (
        address:
        let
          parts = builtins.match ".*/tcp/([0-9]+)" address;
        in
        optional (parts != null) {
          option = "services.kubo.settings.Addresses.Gateway";
          port = lib.toInt (head parts);
        }
      ) (lib.toList (config.services.kubo.settings.Addresses.Gateway or "/ip4/127.0.0.1/tcp/8080"))
    )
    ++ optionals (has [ "jellyfin" ] && config.services.jellyfin.enable) [
      {
        option = "services.jellyfin (its fixed port)";
        port = 8096;
      }
    ];
  clashes = filter (group: length group > 1) (
    builtins.attrValues (groupBy (entry: toString entry.port) registered)
  );
in
{
  config = mkIf cfg.enable {
    assertions =
      map (overlap: {
        assertion = false;
        message = ''
          ${name overlap.other} (${roots.${overlap.other}}) must not lie in ${name overlap.one} (${roots.${overlap.one}}): choose directories that do not contain each other.
        '';
      }) overlaps
      ++ mapAttrsToList (option: path: {
        assertion = isWithin path cfg.dataDir;
        message = ''
          ${name option} (${path}) must lie under ${name "dataDir"} (${cfg.dataDir}): what is linked or renamed has to be
          below the one directory that the units may write. Set ${name "dataDir"} to a directory that contains both.
        '';
      }) linked
      ++ mapAttrsToList (option: path: {
        assertion = mountPointOf path == mountPointOf settings.completedDir;
        message = ''
          ${name option} (${path}) is on another file system (${mountPointOf path}) than ${name "settings.completedDir"}
          (${mountPointOf settings.completedDir}), by fileSystems: completed torrents would be copied instead of renamed,
          and nothing could be hardlinked. Choose a directory on the same one.
        '';
      }) linked
      ++ optional (cleanup != null && cleanup.quarantineFor != null) {
        assertion = mountsInside settings.completedDir == [ ];
        message = ''
          ${name "settings.cleanup.quarantineFor"}: the quarantine lies in ${name "settings.completedDir"}, and what is put
          there is renamed; but ${
            concatMapStringsSep ", " (point: point) (mountsInside settings.completedDir)
          } in it is another
          file system. Mount it elsewhere, or set quarantineFor to null.
        '';
      }
      ++ optionals cfg.qbittorrent.enable [
        {
          assertion = config.services.qbittorrent.group == cfg.group;
          message = ''
            services.qbittorrent.group (${config.services.qbittorrent.group}) must be ${name "group"} (${cfg.group}): else the worker
            may not remove what qBittorrent downloads. Set ${name "group"}, and leave the other out.
          '';
        }
        {
          assertion = settings.qbittorrent.apiKeyFile == null || settings.qbittorrent.passwordFile != null;
          message = ''
            ${name "settings.qbittorrent.apiKeyFile"}: with ${name "qbittorrent.enable"} qBittorrent forgets its API key at every start,
            as its settings are written anew. Set ${name "settings.qbittorrent.passwordFile"} instead.
          '';
        }
      ]
      ++ [
        {
          assertion = !releasesForReal || upload.verify != "metadata";
          message = ''
            ${name "settings.upload.verify"} is "metadata", so large files on the remote are not proven, and local copies are
            only released with proof. Set it to "sampled" or "readback", or set ${name "settings.cleanup.dryRun"} to true.
          '';
        }
        {
          assertion =
            !cfg.mount.enable
            || hasPrefix ":" cfg.mount.remote
            || hasPrefix "/" cfg.mount.remote
            || upload.rcloneConfigFile != null
            || upload.rcloneEnvironmentFile != null;
          message = ''
            ${name "mount.remote"} (${cfg.mount.remote}) needs its credentials: set ${name "settings.upload.rcloneConfigFile"} or
            ${name "settings.upload.rcloneEnvironmentFile"} to a file outside the store.
          '';
        }
      ]
      ++ optionals cfg.mount.enable (
        map (unit: {
          assertion = config.systemd.services.${removeSuffix ".service" unit}.serviceConfig ? ExecStart;
          message = ''
            ${name "mount.consumers"}: there is no ${unit} on this host. Name units that exist, such as jellyfin.service.
          '';
        }) cfg.mount.consumers
      )
      ++ map (group: {
        assertion = false;
        message = ''
          Port ${toString (head group).port} is taken by ${
            concatMapStringsSep " and " (entry: entry.option) group
          }: change all but one.
        '';
      }) clashes;

    warnings =
      map (definition: ''
        ${definition}: systemd-tmpfiles takes it, and not the line that ${name "enable"} makes for this directory, with the
        owner, group and mode that the units need. Remove yours.
      '') overruling
      ++
        optional
          (
            !(hasPrefix "/" upload.remote)
            && !(hasPrefix ":" upload.remote)
            && upload.rcloneConfigFile == null
            && upload.rcloneEnvironmentFile == null
          )
          ''
            ${name "settings.upload.remote"} is ${upload.remote}, and neither ${name "settings.upload.rcloneConfigFile"} nor
            ${name "settings.upload.rcloneEnvironmentFile"} says where that is: uploads will stop with exit code 78.
          ''
      ++
        optional
          (
            cfg.qbittorrent.enable && cfg.qbittorrent.openFirewall && settings.qbittorrent.passwordFile == null
          )
          ''
            ${name "qbittorrent.openFirewall"} opens the Web UI, which has no password that you know: set
            ${name "settings.qbittorrent.passwordFile"}.
          ''
      ++ optional (cleanup != null && cleanup.mode == "managed" && cleanup.minSeedTime == "0 days") ''
        ${name "settings.cleanup.minSeedTime"} is "0 days": torrents are removed as soon as they are uploaded and have reached
        ${name "settings.cleanup.minRatio"}.
      '';
  };
}
