# What a NixOS module gets as its `utils` argument, as far as units need it.
{ lib }:
let
  inherit (lib)
    concatMapStringsSep
    concatStringsSep
    filter
    hasPrefix
    isDerivation
    replaceStrings
    splitString
    stringToCharacters
    ;

  # systemd reads C escapes in double quotes, of which JSON's are a part; specifiers and variables are kept from it.
  escapeSystemdExecArg =
    argument:
    let
      text =
        if builtins.isString argument then
          argument
        else if
          builtins.isInt argument
          || builtins.isFloat argument
          || isDerivation argument
          || builtins.isPath argument
        then
          toString argument
        else
          throw "escapeSystemdExecArg only allows strings, paths, numbers and derivations";
    in
    replaceStrings [ "%" "$" ] [ "%%" "$$" ] (builtins.toJSON text);

  escapeSystemdPath =
    path:
    let
      parts = filter (part: part != "" && part != ".") (splitString "/" path);
      plain = if parts == [ ] then "/" else concatStringsSep "/" parts;
      escaped = lib.strings.escapeC (stringToCharacters " !\"#$%&'()*+,;<=>?@[\\]^`{|}~-") plain;
      led = if hasPrefix "." escaped then "\\x2e" + lib.removePrefix "." escaped else escaped;
    in
    replaceStrings [ "/" ] [ "-" ] led;
in
{
  inherit escapeSystemdExecArg escapeSystemdPath;
  escapeSystemdExecArgs = concatMapStringsSep " " escapeSystemdExecArg;
}
