# The part of NixOS's systemd options that the module may use, with the merge rules that they have there, so that lists,
# scalars and mkForce meet here as they would on a host.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib)
    filterAttrs
    isList
    mapAttrs
    mkAfter
    mkIf
    mkOption
    optionalAttrs
    types
    ;
  inherit (types) attrsOf listOf submodule;

  unitName = types.strMatching "[a-zA-Z0-9@%:_.\\-]+[.](service|socket|device|mount|automount|swap|target|path|timer|scope|slice)";

  setting = lib.mkOptionType {
    name = "systemd setting";
    merge =
      loc: definitions:
      let
        kept = lib.filterOverrides definitions;
      in
      if lib.any (definition: isList definition.value) kept then
        lib.concatMap (definition: lib.toList definition.value) kept
      else
        lib.mergeEqualOption loc kept;
  };

  option =
    type: default:
    mkOption {
      inherit type default;
    };
  list = type: option (listOf type) [ ];
  settings = option (attrsOf setting) { };

  dependencies = {
    after = "After";
    before = "Before";
    bindsTo = "BindsTo";
    conflicts = "Conflicts";
    onFailure = "OnFailure";
    onSuccess = "OnSuccess";
    partOf = "PartOf";
    requires = "Requires";
    requisite = "Requisite";
    upholds = "Upholds";
    wants = "Wants";
  };

  unit =
    {
      name,
      config,
      options,
      ...
    }:
    {
      options = {
        enable = option types.bool true;
        description = option types.singleLineStr "";
        documentation = list types.str;
        aliases = list unitName;
        wantedBy = list unitName;
        requiredBy = list unitName;
        upheldBy = list unitName;
        startLimitBurst = mkOption { type = types.int; };
        startLimitIntervalSec = mkOption { type = types.int; };
        restartTriggers = list types.unspecified;
        reloadTriggers = list setting;
        unitConfig = settings;
      }
      // mapAttrs (_: _: list unitName) dependencies;

      config.unitConfig =
        let
          written = filterAttrs (_: value: value != "") (
            lib.mapAttrs' (key: directive: lib.nameValuePair directive (toString config.${key})) dependencies
          );
          trigger = lib.flip lib.pipe [
            lib.flatten
            (map (item: if builtins.isPath item then "${item}" else item))
            toString
          ];
        in
        written
        // optionalAttrs (config.restartTriggers != [ ]) {
          X-Restart-Triggers = "${pkgs.writeText "X-Restart-Triggers-${name}" (
            trigger config.restartTriggers
          )}";
        }
        // optionalAttrs (config.reloadTriggers != [ ]) {
          X-Reload-Triggers = "${pkgs.writeText "X-Reload-Triggers-${name}" (trigger config.reloadTriggers)}";
        }
        // optionalAttrs (config.description != "") { Description = config.description; }
        // optionalAttrs (config.documentation != [ ]) { Documentation = toString config.documentation; }
        // optionalAttrs options.startLimitIntervalSec.isDefined {
          StartLimitIntervalSec = toString config.startLimitIntervalSec;
        }
        // optionalAttrs options.startLimitBurst.isDefined {
          StartLimitBurst = toString config.startLimitBurst;
        };
    };

  wrappers = [
    "override"
    "if"
  ];
  # Looked at before the definitions are merged, as in NixOS.
  mayBe =
    key: values: attributes:
    let
      given = attributes.${key} or null;
      value = if lib.elem (given._type or null) wrappers then given.content else given;
    in
    value == null
    || lib.elem value (lib.splitString " " values)
    || builtins.trace "Systemd Service field `${key}' cannot have value `${toString value}'." false;

  service =
    { config, ... }:
    {
      options = {
        environment = option (attrsOf (types.nullOr (types.either types.str types.package))) { };
        path = list (types.either types.package types.str);
        restartIfChanged = option types.bool true;
        reloadIfChanged = option types.bool false;
        stopIfChanged = option types.bool true;
        startAt = mkOption {
          type = types.either types.str (listOf types.str);
          default = [ ];
          apply = lib.toList;
        };
        serviceConfig = option (types.addCheck (attrsOf setting) (
          attributes:
          mayBe "Type" "exec simple forking oneshot dbus notify notify-reload idle" attributes
          && mayBe "Restart" "no on-success on-failure on-abnormal on-abort always" attributes
        )) { };
      };
      config = {
        path = mkAfter [
          pkgs.coreutils
          pkgs.findutils
          pkgs.gnugrep
          pkgs.gnused
          cfg.package
        ];
        environment.PATH =
          mkIf (config.path != [ ])
            "${lib.makeBinPath config.path}:${lib.makeSearchPathOutput "bin" "sbin" config.path}";
      };
    };

  section = name: { options.${name} = settings; };
  units = modules: option (attrsOf (submodule ([ unit ] ++ modules))) { };

  cfg = config.systemd;
in
{
  options.systemd = {
    package = option types.package pkgs.systemd;
    services = units [ service ];
    paths = units [ (section "pathConfig") ];
    timers = units [ (section "timerConfig") ];
    slices = units [ (section "sliceConfig") ];
    targets = units [ ];

    # As a default host has them: its locale and its time zone data.
    globalEnvironment = option (attrsOf types.str) {
      LOCALE_ARCHIVE = "${pkgs.glibcLocales}/lib/locale/locale-archive";
      TZDIR = "${pkgs.tzdata}/share/zoneinfo";
    };

    tmpfiles.settings = option (attrsOf (
      attrsOf (
        attrsOf (
          submodule (
            { name, ... }:
            {
              options = {
                type = option types.str name;
                mode = option types.str "-";
                user = option types.str "-";
                group = option types.str "-";
                age = option types.str "-";
                argument = option types.str "";
              };
            }
          )
        )
      )
    )) { };
  };

  config = {
    systemd.timers = mapAttrs (_: service: {
      wantedBy = [ "timers.target" ];
      timerConfig.OnCalendar = service.startAt;
    }) (filterAttrs (_: service: service.enable && service.startAt != [ ]) cfg.services);

    # NixOS says these of any unit.
    warnings = lib.concatLists (
      lib.mapAttrsToList (
        name: service:
        let
          type = service.serviceConfig.Type or "";
          restart = service.serviceConfig.Restart or "no";
        in
        lib.optional (type == "oneshot" && (restart == "always" || restart == "on-success"))
          "Service '${name}.service' with 'Type=oneshot' cannot have 'Restart=always' or 'Restart=on-success'"
        ++ lib.optional (
          lib.elem "network-online.target" service.after
          && !(lib.elem "network-online.target" (service.wants ++ service.requires ++ service.bindsTo))
        ) "${name}.service is ordered after 'network-online.target' but doesn't depend on it"
      ) cfg.services
    );
  };
}
