{
  description = "From a completed torrent to a proven copy on a remote, and no local copy longer than it is owed";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      inherit (lib) genAttrs getExe mkDefault;

      forEachSystem =
        make:
        genAttrs [
          "x86_64-linux"
          "aarch64-linux"
        ] (system: make nixpkgs.legacyPackages.${system} self.packages.${system});

      packagesFor = pkgs: self.packages.${pkgs.stdenv.hostPlatform.system};

      app = package: {
        type = "app";
        program = getExe package;
        meta = { inherit (package.meta) description; };
      };
    in
    {
      nixosModules = rec {
        # The package is built with the nixpkgs that it was tested with; an overlay is for those who want their own.
        mediaPipeline =
          { pkgs, ... }:
          {
            key = "${self}#nixosModules.mediaPipeline";
            _file = "${self}/flake.nix";
            imports = [ ./nix/module ];
            services.mediaPipeline.package = mkDefault (packagesFor pkgs).media-pipeline;
          };
        default = mediaPipeline;
      };

      overlays.default = import ./nix/overlay.nix;

      packages = forEachSystem (
        pkgs: packages: {
          media-pipeline = pkgs.callPackage ./nix/package.nix { };
          demo = pkgs.callPackage ./nix/demo.nix { inherit (packages) media-pipeline; };
          image = pkgs.callPackage ./nix/image.nix { inherit (packages) media-pipeline; };
          default = packages.media-pipeline;
        }
      );

      apps = forEachSystem (
        _: packages: {
          default = app packages.media-pipeline;
          demo = app packages.demo;
        }
      );

      checks = forEachSystem (
        pkgs: packages:
        import ./nix/checks.nix {
          inherit pkgs;
          inherit (packages) media-pipeline demo image;
          module = self.nixosModules.default;
          nixpkgsLib = "${nixpkgs}/lib";
        }
      );

      devShells = forEachSystem (
        pkgs: _: {
          default = pkgs.callPackage ./nix/shell.nix { nixpkgsLib = "${nixpkgs}/lib"; };
        }
      );

      formatter = forEachSystem (pkgs: _: pkgs.nixfmt-tree);

      templates.default = {
        path = ./nix/template;
        description = "A host that downloads, uploads and mounts: flake, configuration, secrets, recipes";
      };
    };
}
