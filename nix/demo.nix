# The demo of the README, bundled like the worker: `nix run .#demo`. nixpkgs has one qBittorrent, so it is on both ends.
{
  lib,
  media-pipeline,
  nodejs-slim_24,
  qbittorrent-nox,
  _7zz,
}:
let
  inherit (lib) getExe makeBinPath;
  inherit (lib.fileset) toSource unions;
in
media-pipeline.overrideAttrs {
  pname = "media-pipeline-demo";

  src = toSource {
    root = ../.;
    fileset = unions [
      ../package.json
      ../package-lock.json
      ../tsconfig.json
      ../scripts/build.ts
      ../scripts/demo
      ../src
      ../tests/fakes
      ../tests/real
    ];
  };

  buildPhase = ''
    runHook preBuild
    node scripts/build.ts scripts/demo/main.ts demo.mjs
    runHook postBuild
  '';

  # The demo looks for the worker at ../../bin.
  installPhase = ''
    runHook preInstall
    install -Dm644 demo.mjs $out/lib/media-pipeline-demo/demo.mjs
    mkdir -p $out/bin
    ln -s ${getExe media-pipeline} $out/bin/media-pipeline
    makeWrapper ${nodejs-slim_24}/bin/node $out/bin/media-pipeline-demo \
      --prefix PATH : ${makeBinPath [ _7zz ]} \
      --set QBITTORRENT_4 ${getExe qbittorrent-nox} \
      --set QBITTORRENT_5 ${getExe qbittorrent-nox} \
      --add-flags $out/lib/media-pipeline-demo/demo.mjs
    runHook postInstall
  '';

  doInstallCheck = false;

  meta = media-pipeline.meta // {
    description = "media-pipeline's main job from end to end, on real programs";
    mainProgram = "media-pipeline-demo";
  };
}
