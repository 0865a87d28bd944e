{
  description = "A media host: qBittorrent to a remote, proven there, played from there";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    media-pipeline = {
      # The address that you took this template from.
      url = "git+https://example.org/media-pipeline";
      inputs.nixpkgs.follows = "nixpkgs";
    };
    sops-nix = {
      url = "github:Mic92/sops-nix";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    {
      nixpkgs,
      media-pipeline,
      sops-nix,
      ...
    }:
    let
      inherit (nixpkgs) lib;
    in
    {
      nixosConfigurations.host = lib.nixosSystem {
        modules = [
          ./hardware-configuration.nix
          ./configuration.nix
          media-pipeline.nixosModules.default

          # Secrets, one way: encrypted in this repository, decrypted by the host.
          sops-nix.nixosModules.sops
          ./secrets/sops.nix

          # The other: plain files that you put on the host by hand. Then take the two lines above away, and the input.
          # ./secrets/plain.nix
        ];
      };

      # `nix develop`: what the recipes of the justfile call.
      devShells = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
        system:
        let
          pkgs = nixpkgs.legacyPackages.${system};
        in
        {
          default = pkgs.mkShellNoCC {
            packages = [
              pkgs.age
              pkgs.just
              pkgs.nixos-rebuild-ng
              pkgs.sops
              pkgs.ssh-to-age
            ];
          };
        }
      );
    };
}
