# The options below one option, as data: their keys, types, defaults and words. For comparison with the worker's schema.
{ lib, option }:
let
  inherit (lib)
    filterAttrs
    isOption
    mapAttrs
    optionalAttrs
    ;

  describeOption =
    option:
    let
      described = describeType option.loc option.type;
      # A submodule's default is that of its keys.
      plain = option ? default && (described.type != "struct" || option.default == null);
    in
    described
    // {
      description = option.description or null;
      hasExample = option ? example;
      computed = option ? defaultText;
    }
    // optionalAttrs (plain && !(option ? defaultText)) {
      # As the worker will read it: sizes are numbers by then.
      default =
        (option.apply or (value: value))
          (lib.mergeDefinitions option.loc option.type [
            {
              file = "default";
              value = option.default;
            }
          ]).mergedValue;
    };

  describeType =
    loc: type:
    let
      payload = type.functor.payload or { };
      keys = filterAttrs (key: _: key != "_module" && key != "_freeformOptions") (type.getSubOptions loc);
    in
    if type.name == "nullOr" then
      describeType loc type.nestedTypes.elemType // { nullable = true; }
    else if type.name == "attrsOf" || type.name == "lazyAttrsOf" then
      {
        type = "record";
        values = describeType (loc ++ [ "<name>" ]) type.nestedTypes.elemType;
      }
    else if type.name == "listOf" then
      {
        type = "list";
        values = describeType (loc ++ [ "*" ]) type.nestedTypes.elemType;
      }
    else if type.name == "submodule" then
      {
        type = "struct";
        keys = describeKeys keys;
      }
    # Choices, or a list of one's own.
    else if type.name == "either" && type.nestedTypes.left.name == "enum" then
      describeType loc type.nestedTypes.left
    else if type.name == "enum" then
      {
        type = "enum";
        enum = payload.values or payload;
      }
    else
      {
        type = type.name;
        words = type.description;
      };

  describeKeys = mapAttrs (
    _: entry:
    if isOption entry then
      describeOption entry
    else
      {
        type = "struct";
        keys = describeKeys entry;
      }
  );
in
describeOption option
