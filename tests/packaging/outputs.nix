# What the flake has to offer, over a nixpkgs that is its library alone.
{ libPath }:
let
  nixpkgs = import ./nixpkgs.nix { inherit libPath; };
  inherit (nixpkgs) lib;
  inherit (lib) attrNames mapAttrs;

  flake = import ../../flake.nix;
  self = flake.outputs { inherit self nixpkgs; } // {
    outPath = "/nix/store/00000000000000000000000000000000-source";
  };

  # The host of the VM test, over the same stand-ins for NixOS as the module's golden files.
  host =
    let
      pkgs = import ../nix/packages.nix { inherit lib; };
      evaluated = lib.evalModules {
        modules = [
          ../nix/nixos.nix
          (import ../../nix/vm-test.nix { module = self.nixosModules.default; }).nodes.host
          { options.virtualisation = lib.mkOption { type = lib.types.attrs; }; }
          {
            _module.args = {
              inherit pkgs;
              utils = import ../nix/systemd-escape.nix { inherit lib; };
            };
          }
        ];
      };
    in
    evaluated.config;

  classic = import ../../default.nix { pkgs = nixpkgs.legacyPackages.x86_64-linux; };
in
{
  description = flake.description;
  inputs = mapAttrs (_: input: input.url) flake.inputs;
  names = attrNames (removeAttrs self [ "outPath" ]);

  systems = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: {
    packages = mapAttrs (_: package: package.name) self.packages.${system};
    apps = mapAttrs (_: app: { inherit (app) type program; }) self.apps.${system};
    checks = mapAttrs (_: check: check.name) self.checks.${system};
    formatter = self.formatter.${system}.name;
    shell = self.devShells.${system}.default.env;

    build =
      let
        package = self.packages.${system}.media-pipeline;
      in
      {
        inherit (package)
          pname
          version
          buildPhase
          installPhase
          ;
        inherit (package.meta) mainProgram platforms;
        sources = { inherit (package.npmDeps) package packageLock; };
        whole = attrNames self.checks.${system}.tests.npmDeps.packageLock.packages;
      };
    image = {
      inherit (self.packages.${system}.image) imageName imageTag config;
      contents = map (package: package.name) self.packages.${system}.image.contents;
    };
    scripts = {
      demo = self.packages.${system}.demo.installPhase;
      tests = self.checks.${system}.tests.buildPhase;
    };
  });
  eachSystem = mapAttrs (_: attrNames) {
    inherit (self)
      packages
      apps
      checks
      devShells
      formatter
      ;
  };

  modules = attrNames self.nixosModules;
  overlay = attrNames (self.overlays.default { callPackage = path: _: baseNameOf path; } { });
  template = {
    path = toString self.templates.default.path;
    inherit (self.templates.default) description;
  };

  virtualMachine = {
    # The flake's own package, without an overlay.
    package = host.services.mediaPipeline.package.name;
    problems = map (assertion: assertion.message) (
      lib.filter (assertion: !assertion.assertion) host.assertions
    );
    inherit (host) warnings;
    services = attrNames host.systemd.services;
    rendered = host.services.mediaPipeline.rendered;
  };

  classic = {
    package = classic.media-pipeline.name;
    overlay = attrNames (classic.overlay { callPackage = path: _: baseNameOf path; } { });
    modules = mapAttrs (_: toString) classic.nixosModules;
  };
}
