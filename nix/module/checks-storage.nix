# What is wrong with stash and pool, as far as that can be known before the host runs.
{ config, lib, ... }:
let
  inherit (lib)
    concatMap
    foldl'
    hasPrefix
    mkIf
    stringLength
    ;
  cfg = config.services.mediaPipeline;
  inherit (cfg.settings) storage;
  name = path: "services.mediaPipeline.settings.storage.${path}";

  isWithin = path: root: path == root || hasPrefix "${root}/" path || root == "/";
  mountPointOf =
    path:
    foldl' (
      longest: point:
      if isWithin path point && stringLength point >= stringLength longest then point else longest
    ) "" (builtins.attrNames config.fileSystems);
  inherit (storage.stash) root;

  sides = [
    {
      side = "stash";
      inherit (storage.stash) root seedingDirs;
    }
    {
      side = "pool";
      inherit (storage.pool) root seedingDirs;
    }
  ];
in
{
  config = mkIf (cfg.enable && storage != null) {
    assertions = [
      {
        assertion = !isWithin root storage.pool.root && !isWithin storage.pool.root root;
        message = ''
          ${name "stash.root"} (${root}) and ${name "pool.root"} (${storage.pool.root}) must not contain each other: name the
          two places where the filesystems are mounted.
        '';
      }
      {
        # ZFS mounts its datasets by itself: where only / is known, nothing is.
        assertion =
          mountPointOf root == "/"
          || mountPointOf root == ""
          || mountPointOf root != mountPointOf storage.pool.root;
        message = ''
          ${name "stash.root"} (${root}) and ${name "pool.root"} (${storage.pool.root}) are on the same filesystem
          (${mountPointOf root}), by fileSystems: nothing would be gained by a move. Name two, or leave `storage` out.
        '';
      }
    ]
    ++ concatMap (
      {
        side,
        root,
        seedingDirs,
      }:
      concatMap (dir: [
        {
          assertion = isWithin dir root && dir != root;
          message = ''
            ${name "${side}.seedingDirs"}: ${dir} must lie under ${name "${side}.root"} (${root}).
          '';
        }
        {
          assertion = mountPointOf dir == mountPointOf root;
          message = ''
            ${name "${side}.seedingDirs"}: ${dir} is on another filesystem (${mountPointOf dir}) than ${name "${side}.root"}
            (${root}), by fileSystems: no hardlink could lead from it into the libraries. Choose a directory on the same one.
          '';
        }
      ]) seedingDirs
    ) sides;
  };
}
