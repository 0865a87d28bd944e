# What `nix flake check` builds. VM tests are the files whose names end in -test.nix, vitest's are the folders of tests/.
{
  pkgs,
  media-pipeline,
  demo,
  image,
  module,
  nixpkgsLib,
}:
let
  inherit (pkgs) lib runCommand;
  inherit (lib)
    attrNames
    concatStringsSep
    filterAttrs
    getExe
    hasSuffix
    importJSON
    mapAttrs'
    nameValuePair
    optionalAttrs
    removeSuffix
    ;
  inherit (lib.fileset)
    difference
    fileFilter
    maybeMissing
    toSource
    unions
    ;

  # The checkout with all that package.json names installed.
  workshop =
    {
      name,
      build,
      inputs ? [ ],
      env ? { },
    }:
    (media-pipeline.override {
      devDependencies = attrNames (importJSON ../package.json).devDependencies;
    }).overrideAttrs
      (old: {
        pname = "media-pipeline-${name}";
        src = toSource {
          root = ../.;
          fileset = difference ../. (unions [
            (maybeMissing ../dist)
            (maybeMissing ../node_modules)
            (maybeMissing ../result)
          ]);
        };
        nativeBuildInputs = old.nativeBuildInputs ++ inputs;
        env = (old.env or { }) // env;
        buildPhase = ''
          runHook preBuild
          ${build}
          runHook postBuild
        '';
        installPhase = "touch $out";
        doInstallCheck = false;
      });

  # They mount a file system, and a build is not root.
  needRoot = [
    "links, FIFOs and mounts are named"
    "on another filesystem is refused"
    "another filesystem mounted into the tree"
  ];

  # Not here: tests/system, which boots a systemd in a container as root; qBittorrent 4, which nixpkgs no longer has (its
  # tests are skipped, 5 is tested); FUSE.
  tests = filterAttrs (name: type: type == "directory" && name != "system") (
    builtins.readDir ../tests
  );

  virtualMachines =
    mapAttrs'
      (
        file: _:
        nameValuePair (removeSuffix ".nix" file) (
          pkgs.testers.runNixOSTest (import (./. + "/${file}") { inherit module; })
        )
      )
      (filterAttrs (file: type: type == "regular" && hasSuffix "-test.nix" file) (builtins.readDir ./.));
in
{
  package = media-pipeline;
  inherit image;

  # Nothing that was needed to build the bundle is needed to run it.
  closure =
    runCommand "media-pipeline-closure"
      {
        closure = pkgs.closureInfo { rootPaths = [ media-pipeline ]; };
      }
      ''
        if grep -E -- '-(nodejs-[0-9]|npm-|esbuild|media-pipeline-[^/]*sources)' $closure/store-paths; then
          echo "these do not belong into the closure of media-pipeline" >&2
          exit 1
        fi
        touch $out
      '';

  demo = runCommand "media-pipeline-demo-runs" { } ''
    export HOME=$TMPDIR
    ${getExe demo}
    touch $out
  '';

  format = runCommand "media-pipeline-format" { nativeBuildInputs = [ pkgs.nixfmt ]; } ''
    nixfmt --check $(find ${
      toSource {
        root = ../.;
        fileset = fileFilter (file: file.hasExt "nix") ../.;
      }
    } -name '*.nix')
    touch $out
  '';

  tests = workshop {
    name = "tests";
    inputs = [
      pkgs.just
      pkgs.nix
      pkgs.rclone
      pkgs.systemd
      pkgs.unar
      pkgs.util-linux
      pkgs._7zz
    ];
    env = {
      # A second try, where neighbours load the machine.
      CI = "true";
      MEDIA_PIPELINE_TOOLS_FROM_PATH = "1";
      NIXPKGS_LIB = nixpkgsLib;
      QBITTORRENT_5 = getExe pkgs.qbittorrent-nox;
    };
    build = ''
      # A Nix inside the sandbox, with a store of its own.
      export HOME=$TMPDIR/home NIX_CONF_DIR=$TMPDIR/nix/etc NIX_LOCALSTATE_DIR=$TMPDIR/nix/var
      export NIX_LOG_DIR=$TMPDIR/nix/log NIX_STATE_DIR=$TMPDIR/nix/state NIX_STORE_DIR=$TMPDIR/nix/store
      mkdir -p $HOME

      patchShebangs bin scripts
      # What bin/media-pipeline looks for before it would install or build.
      cksum <package-lock.json >node_modules/.media-pipeline-lock
      node scripts/build.ts

      node scripts/test.ts --testNamePattern '^(?!.*(${concatStringsSep "|" needRoot}))' ${
        concatStringsSep " " (map (folder: "tests/${folder}") (attrNames tests))
      }
    '';
  };
}
# npm has Effect's checker for x86_64 alone.
// optionalAttrs pkgs.stdenv.buildPlatform.isx86_64 {
  static = workshop {
    name = "static";
    build = "node scripts/check.ts";
  };
}
// virtualMachines
