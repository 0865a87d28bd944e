# For those without flakes: `nix-build -A media-pipeline`, or in configuration.nix
# `imports = [ (import ./media-pipeline { }).nixosModules.default ];`, which needs no nixpkgs of its own.
{
  pkgs ? import <nixpkgs> { },
}:
let
  overlay = import ./nix/overlay.nix;
in
{
  inherit overlay;
  media-pipeline = pkgs.callPackage ./nix/package.nix { };
  overlays.default = overlay;
  nixosModules = rec {
    mediaPipeline = ./nix/module;
    default = mediaPipeline;
  };
}
