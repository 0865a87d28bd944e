# The files that NixOS would make of a configuration.
{ lib, config }:
let
  inherit (lib)
    concatMapStrings
    concatStrings
    concatStringsSep
    filter
    filterAttrs
    isBool
    mapAttrs
    mapAttrs'
    mapAttrsToList
    nameValuePair
    optionalString
    toList
    ;
  inherit (config) systemd;

  shown = value: if isBool value then lib.boolToString value else toString value;
  settings =
    attributes:
    concatStrings (
      mapAttrsToList (
        key: value: concatMapStrings (one: "${key}=${shown one}\n") (toList value)
      ) attributes
    );

  # NixOS writes [Install] for people to read; the links beside the units are what counts.
  unit =
    definition: name: body:
    "[Unit]\n${settings definition.unitConfig}\n"
    + optionalString (name != null) "[${name}]\n${body}"
    + optionalString (
      name != null && definition.wantedBy != [ ]
    ) "\n[Install]\nWantedBy=${concatStringsSep " " definition.wantedBy}\n";

  environment =
    definition:
    concatStrings (
      mapAttrsToList (
        key: value: optionalString (value != null) "Environment=${builtins.toJSON "${key}=${value}"}\n"
      ) (systemd.globalEnvironment // definition.environment)
    );
  onSwitch =
    definition:
    (
      if definition.reloadIfChanged then
        "X-ReloadIfChanged=true\n"
      else
        optionalString (!definition.restartIfChanged) "X-RestartIfChanged=false\n"
    )
    + optionalString (!definition.stopIfChanged) "X-StopIfChanged=false\n";

  texts = {
    service =
      definition:
      unit definition "Service" (
        environment definition + onSwitch definition + settings definition.serviceConfig
      );
    path = definition: unit definition "Path" (settings definition.pathConfig + "\n");
    timer = definition: unit definition "Timer" (settings definition.timerConfig + "\n");
    slice = definition: unit definition "Slice" (settings definition.sliceConfig + "\n");
    target = definition: unit definition null "";
  };

  all = lib.concatMapAttrs (
    kind: _:
    mapAttrs' (
      name: definition: nameValuePair "${name}.${kind}" { inherit kind definition; }
    ) systemd."${kind}s"
  ) texts;
  enabled = filterAttrs (_: { definition, ... }: definition.enable) all;
  links =
    key:
    filterAttrs (_: names: names != [ ]) (mapAttrs (_: { definition, ... }: definition.${key}) enabled);

  tmpfiles = concatStrings (
    mapAttrsToList (
      _: paths:
      concatStrings (
        mapAttrsToList (
          path: types:
          concatStrings (
            mapAttrsToList (
              _: entry:
              concatStringsSep " " (
                map (field: "'${field}'") [
                  entry.type
                  path
                  entry.mode
                  entry.user
                  entry.group
                  entry.age
                ]
                ++ [ (lib.strings.escapeC [ "\t" "\n" "\r" " " "\\" ] entry.argument) ]
              )
              + "\n"
            ) types
          )
        ) paths
      )
    ) systemd.tmpfiles.settings
  );

  packages = config.environment.systemPackages;
in
{
  units = mapAttrs (_: { kind, definition }: texts.${kind} definition) enabled;
  aliases = lib.concatMapAttrs (
    name: { definition, ... }: lib.genAttrs definition.aliases (_: name)
  ) enabled;
  config = config.services.mediaPipeline.rendered;
  inherit tmpfiles;
  cli = concatMapStrings (package: "# ${package.name}\n${package.text}\n") (
    filter (package: package ? text) packages
  );
  host = {
    users = mapAttrs (_: user: removeAttrs user [ "name" ]) config.users.users;
    groups = mapAttrs (_: group: removeAttrs group [ "name" ]) config.users.groups;
    firewall = {
      tcp = config.networking.firewall.allowedTCPPorts;
      udp = config.networking.firewall.allowedUDPPorts;
    };
    systemPackages = map (package: package.name) packages;
    wantedBy = links "wantedBy";
    requiredBy = links "requiredBy";
    upheldBy = links "upheldBy";
    masked = lib.attrNames (filterAttrs (_: { definition, ... }: !definition.enable) all);
    etc = mapAttrs (_: file: {
      inherit (file) mode user group;
      source = "${file.source}";
    }) (filterAttrs (_: file: file.enable) config.environment.etc);
    fuseUserAllowOther = config.programs.fuse.userAllowOther;
  };
  problems =
    map (assertion: "assertion: ${assertion.message}") (
      filter (assertion: !assertion.assertion) config.assertions
    )
    ++ map (warning: "warning: ${warning}") config.warnings;
}
