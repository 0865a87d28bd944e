{
  lib,
  stdenv,
  buildNpmPackage,
  coreutils,
  importNpmLock,
  installShellFiles,
  makeWrapper,
  nodejs_24,
  nodejs-slim_24,
  pnpm_10,
  rclone,
  runtimeShell,
  unar,
  util-linux,
  # Without the unfree RAR codec 7-Zip reads RAR that is not compressed; unar reads the rest.
  _7zz,

  # Of these the bundle needs the bundler alone; the checks want them all.
  devDependencies ? [ "esbuild" ],
  lock ? import ./lock.nix,
  # The lock has no addresses; pnpm's source comes from the same place.
  npmRegistry ? lock.registryOf "pnpm" pnpm_10.src.url,
}:
let
  inherit (lib) importJSON makeBinPath optionalString;
  inherit (lib.fileset) toSource unions;

  manifest = importJSON ../package.json;
  inherit (manifest) version;

  # setpriv of util-linux has rclone end with the worker, whatever kills that.
  tools = [
    rclone
    unar
    _7zz
    util-linux
  ];
in
buildNpmPackage {
  pname = "media-pipeline";
  inherit version;

  src = toSource {
    root = ../.;
    fileset = unions [
      ../package.json
      ../package-lock.json
      ../tsconfig.json
      ../scripts/build.ts
      ../src
    ];
  };

  nodejs = nodejs_24;

  npmDeps = importNpmLock {
    inherit
      (lock.importable {
        registry = npmRegistry;
        inherit devDependencies;
        package = manifest;
        packageLock = importJSON ../package-lock.json;
        platform = {
          os = stdenv.buildPlatform.node.platform;
          cpu = stdenv.buildPlatform.node.arch;
          libc = if stdenv.buildPlatform.isMusl then "musl" else "glibc";
        };
      })
      package
      packageLock
      ;
  };
  # Not npmHooks.npmConfigHook: that one wants the cache that fetchNpmDeps makes.
  inherit (importNpmLock) npmConfigHook;

  nativeBuildInputs = [
    installShellFiles
    makeWrapper
  ];

  # Not `npm run build`, which looks for Node and for what is installed by itself.
  buildPhase = ''
    runHook preBuild
    MEDIA_PIPELINE_VERSION=${version} node scripts/build.ts
    runHook postBuild
  '';

  # The bundle alone: node_modules stays behind.
  installPhase = ''
    runHook preInstall

    install -Dm644 dist/media-pipeline.mjs $out/lib/media-pipeline/media-pipeline.mjs
    # A smaller nursery costs no time here and saves a fifth of the memory.
    makeWrapper ${nodejs-slim_24}/bin/node $out/bin/media-pipeline \
      --prefix PATH : ${makeBinPath tools} \
      --add-flags "--max-semi-space-size=4 $out/lib/media-pipeline/media-pipeline.mjs"

    # Programs of the units, called by their names without an extension.
    mkdir -p $out/libexec/media-pipeline
    for script in ${./scripts}/*; do
      name=$(basename "$script")
      target=$out/libexec/media-pipeline/''${name%.*}
      case $name in
        *.sh)
          {
            echo '#!${runtimeShell}'
            echo 'PATH=${makeBinPath [ coreutils ]}''${PATH:+:$PATH}'
            tail -n +2 "$script"
          } >"$target"
          chmod 755 "$target"
          ;;
        *.mjs)
          install -Dm644 "$script" "$out/lib/media-pipeline/$name"
          flags=$(sed -n '1s|^#!/usr/bin/env -S node ||p' "$script")
          makeWrapper ${nodejs-slim_24}/bin/node "$target" --add-flags "$flags $out/lib/media-pipeline/$name"
          ;;
        *)
          echo "nix/scripts/$name is neither .sh nor .mjs" >&2
          exit 1
          ;;
      esac
    done
  ''
  + optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    for shell in bash fish zsh; do
      $out/bin/media-pipeline --completions $shell >media-pipeline.$shell
    done
    installShellCompletion media-pipeline.{bash,fish,zsh}
  ''
  + ''

    runHook postInstall
  '';

  doInstallCheck = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
  installCheckPhase = ''
    runHook preInstallCheck
    [ "$($out/bin/media-pipeline --version)" = "media-pipeline ${version}" ]
    $out/bin/media-pipeline config schema >/dev/null
    runHook postInstallCheck
  '';

  meta = {
    description = "From a completed torrent to a proven copy on a remote, and no local copy longer than it is owed";
    license = lib.licenses.mit;
    mainProgram = "media-pipeline";
    platforms = lib.platforms.linux;
  };
}
