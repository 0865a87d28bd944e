# Evaluates the module with nixpkgs' library alone. `case` gives what each configuration renders; `options` and `settings`
# describe the options.
{ libPath }:
let
  lib = import libPath;
  pkgs = import ./packages.nix { inherit lib; };
  utils = import ./systemd-escape.nix { inherit lib; };

  evaluate =
    configuration:
    lib.evalModules {
      modules = [
        ../../nix/module
        ./nixos.nix
        configuration
        # Not as specialArgs: in NixOS imports must not depend on them either.
        { _module.args = { inherit pkgs utils; }; }
      ];
    };

  render =
    configuration:
    import ./render.nix {
      inherit lib;
      inherit (evaluate configuration) config;
    };

  inherit (evaluate { }) options;
in
{
  case = lib.mapAttrs' (
    file: _: lib.nameValuePair (lib.removeSuffix ".nix" file) (render (./cases + "/${file}"))
  ) (builtins.readDir ./cases);

  options = lib.filter (option: option.visible && !option.internal) (
    lib.optionAttrSetToDocList { services = { inherit (options.services) mediaPipeline; }; }
  );

  settings = import ./settings.nix {
    inherit lib;
    option = options.services.mediaPipeline.settings;
  };
}
