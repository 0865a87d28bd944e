# Stands in for `pkgs`: derivations that are never built, at store paths that never change. A file's text, and a build's
# script, is told by a trace when something refers to it, so that golden files show what the units would find there.
{ lib }:
let
  inherit (lib)
    concatStringsSep
    genAttrs
    optionalString
    ;
  inherit (builtins) toJSON trace;

  storePath = name: "/nix/store/00000000000000000000000000000000-${name}";

  derivation =
    name: attributes:
    {
      type = "derivation";
      inherit name;
      pname = name;
      outPath = storePath name;
      outputName = "out";
      meta.mainProgram = name;
    }
    // attributes;

  told =
    kind: name: text:
    trace "@${kind} ${toJSON { inherit name text; }}" (storePath name);

  writeText =
    name: text:
    derivation name {
      inherit text;
      outPath = told "file" name text;
    };

  script = text: "#!${storePath "bash"}/bin/bash\n${text}";

  # A program in `bin` is told under the path that it has below the store.
  writeProgram =
    name: text:
    derivation name {
      inherit text;
      outPath = builtins.seq (told "file" "${name}/bin/${name}" text) (storePath name);
    };

  json = lib.types.nullOr (
    lib.types.oneOf [
      lib.types.bool
      lib.types.int
      lib.types.float
      lib.types.str
      lib.types.path
      (lib.types.attrsOf json)
      (lib.types.listOf json)
    ]
  );

  packages =
    genAttrs [
      "bash"
      "bashInteractive"
      "coreutils"
      "curl"
      "findutils"
      "fuse3"
      "gnugrep"
      "gnused"
      "iproute2"
      "jq"
      "kmod"
      "openssh"
      "rclone"
      "systemd"
      "unar"
      "util-linux"
    ] (name: derivation name { })
    // {
      p7zip = derivation "p7zip" { meta.mainProgram = "7z"; };
      _7zz = derivation "7zz" { };
      fuse3 = derivation "fuse3" { meta.mainProgram = "fusermount3"; };
      glibcLocales = derivation "glibc-locales" { };
      media-pipeline = derivation "media-pipeline" { };
      openssh = derivation "openssh" { meta.mainProgram = "ssh"; };
      qbittorrent-nox = derivation "qbittorrent-nox" { };
      tzdata = derivation "tzdata" { };
    };
in
packages
// {
  inherit lib writeText;
  stdenv.hostPlatform = {
    system = "x86_64-linux";
    isLinux = true;
  };
  runtimeShell = "${packages.bash}/bin/bash";

  writeTextDir = path: text: writeText (baseNameOf path) text;
  writeShellScript = name: text: writeText name (script text);
  writeShellScriptBin = name: text: writeProgram name (script text);
  writeShellApplication =
    {
      name,
      text,
      runtimeInputs ? [ ],
      runtimeEnv ? { },
      meta ? { },
      ...
    }:
    writeProgram name (
      script (
        "set -o errexit\nset -o nounset\nset -o pipefail\n\n"
        + concatStringsSep "" (
          lib.mapAttrsToList (key: value: "export ${lib.toShellVar key value}\n") runtimeEnv
        )
        + optionalString (runtimeInputs != [ ]) ''
          export PATH="${lib.makeBinPath runtimeInputs}:$PATH"

        ''
        + text
      )
    )
    // {
      meta = meta // {
        mainProgram = name;
      };
    };

  # Attributes of the build show in its script's environment, as they do in Nix.
  runCommand =
    name: attributes: text:
    let
      shown = removeAttrs attributes [
        "meta"
        "passthru"
        "preferLocalBuild"
        "allowSubstitutes"
      ];
      value = key: v: "${key}=${lib.escapeShellArg (lib.generators.mkValueStringDefault { } v)}\n";
      inputs = map (key: "# ${key}: ${toString shown.${key}}\n") (
        lib.filter (key: builtins.isList shown.${key}) (lib.attrNames shown)
      );
      variables = lib.mapAttrsToList value (lib.filterAttrs (_: v: !builtins.isList v) shown);
    in
    derivation name {
      outPath = told "build" name (concatStringsSep "" (inputs ++ variables) + text);
    };

  symlinkJoin =
    { name, paths, ... }:
    derivation name { outPath = builtins.seq (map toString paths) (storePath name); };

  formats.json = _: {
    type = json // {
      description = "JSON value";
    };
    generate = name: value: writeText name (toJSON value);
  };
}
