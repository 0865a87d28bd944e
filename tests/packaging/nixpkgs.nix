# Stands in for nixpkgs: its real library, and packages that are their arguments. What a package asks for must be here.
{ libPath }:
let
  lib = import libPath;

  derivation =
    attributes:
    attributes
    // rec {
      type = "derivation";
      name = attributes.name or "${attributes.pname}-${attributes.version}";
      outPath = attributes.outPath or "/nix/store/00000000000000000000000000000000-${name}";
      drvPath = "${outPath}.drv";
      overrideAttrs =
        change:
        derivation (attributes // (if builtins.isFunction change then change attributes else change));
    };

  program =
    name:
    derivation {
      inherit name;
      meta.mainProgram = name;
    };

  legacyPackages = lib.genAttrs lib.systems.flakeExposed (
    system:
    let
      platform = lib.systems.elaborate system;
      callPackage = lib.callPackageWith packages;
      packages =
        lib.genAttrs [
          "cacert"
          "coreutils"
          "installShellFiles"
          "just"
          "makeWrapper"
          "mktorrent"
          "jq"
          "nix"
          "nixfmt"
          "nixfmt-tree"
          "nodejs-slim_24"
          "nodejs_24"
          "qbittorrent-nox"
          "rclone"
          "systemd"
          "unar"
          "util-linux"
        ] program
        // {
          inherit lib callPackage;
          _7zz = program "7zz";
          runtimeShell = "/bin/sh";
          # Its address is all that is read of it; no registry is.
          pnpm_10 = program "pnpm" // {
            src.url = "https://registry.invalid/pnpm/-/pnpm-10.0.0.tgz";
          };
          stdenv = {
            buildPlatform = platform;
            hostPlatform = platform;
          };
          mkShell = attributes: derivation ({ name = "shell"; } // attributes);
          runCommand =
            name: attributes: script:
            derivation (attributes // { inherit name script; });
          closureInfo = _: program "closure-info";
          # The names of the arguments are the real ones: any other is an error.
          dockerTools = {
            caCertificates = program "ca-certificates";
            fakeNss = {
              override =
                {
                  extraPasswdLines ? [ ],
                  extraGroupLines ? [ ],
                }:
                program "fake-nss" // { inherit extraPasswdLines extraGroupLines; };
            };
            buildLayeredImage =
              {
                name,
                compressor ? "gz",
                tag ? null,
                contents ? [ ],
                config ? { },
                created ? "1970-01-01T00:00:01Z",
                maxLayers ? 100,
                extraCommands ? "",
                fakeRootCommands ? "",
                includeStorePaths ? true,
              }:
              derivation {
                name = "${name}.tar.${compressor}";
                imageName = name;
                imageTag = tag;
                inherit contents config;
              };
          };
          testers.runNixOSTest = test: derivation { inherit (test) name; };
          buildNpmPackage = attributes: derivation attributes;
          importNpmLock = {
            npmConfigHook = program "npm-config-hook";
            __functor =
              _:
              {
                package,
                packageLock,
              }:
              derivation {
                name = "sources";
                inherit package packageLock;
              };
          };
        };
    in
    packages
  );
in
{
  inherit lib legacyPackages;
  outPath = "/nix/store/00000000000000000000000000000000-nixpkgs";
}
