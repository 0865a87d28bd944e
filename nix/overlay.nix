final: _prev: {
  media-pipeline = final.callPackage ./package.nix { };
}
