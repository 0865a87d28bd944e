# What people write in the options, and what the worker is given.
{ lib }:
let
  inherit (lib) elemAt match toInt;
  inherit (lib.types)
    addCheck
    coercedTo
    externalPath
    ints
    number
    str
    strMatching
    ;

  factors = {
    K = 1024;
    M = 1024 * 1024;
    G = 1024 * 1024 * 1024;
    T = 1024 * 1024 * 1024 * 1024;
  };
  sizePattern = "([0-9]+)([KMGT])";
  toBytes =
    text:
    let
      parts = match sizePattern text;
    in
    toInt (elemAt parts 0) * factors.${elemAt parts 1};
  # Units take them as they are: what systemd would read as more than a letter is left to nobody.
  isPlain = path: match "/[^[:space:]\"'\\%$]+" path != null;
in
{
  /**
    `7 days`, `36 hours`: as the worker reads it.
  */
  duration = strMatching "[0-9]+(\\.[0-9]+)? (nano|micro|milli|second|minute|hour|day|week)s?" // {
    description = ''duration such as "7 days" or "36 hours"'';
  };

  /**
    A number of bytes, or `100G` (1024³), which becomes one.
  */
  bytes = coercedTo (
    strMatching sizePattern // { description = ''size such as "500M" or "100G" (of 1024³)''; }
  ) toBytes ints.unsigned;

  /**
    An absolute path outside the store: nobody but root has to be able to read it, as systemd hands it over.
  */
  secretFile = addCheck externalPath (path: isPlain (toString path)) // {
    description = "absolute path outside the Nix store, such as /run/secrets/name, without spaces, quotes, \\, % and $";
  };

  /**
    An absolute path without a slash at its end.
  */
  directory =
    addCheck str (path: isPlain path && match ".*/|.*//.*|.*/\\.\\.?(/.*)?" path == null)
    // {
      description = "absolute path without . or .., a slash at its end, spaces, quotes, \\, % and $";
    };

  notNegative = addCheck number (value: value >= 0) // {
    description = "number that is not negative";
  };

  share = addCheck number (value: value >= 0 && value <= 1) // {
    description = "number from 0 to 1";
  };
}
