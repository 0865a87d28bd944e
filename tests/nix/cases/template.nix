# What `nix flake init` copies, with plain files as secrets.
{
  imports = [ ../../../nix/template/secrets/plain.nix ];
  services = {
    inherit ((import ../../../nix/template/configuration.nix).services) mediaPipeline;
  };
}
