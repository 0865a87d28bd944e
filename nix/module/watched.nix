# media-pipeline-watched: retires what was watched, through the APIs of Radarr and Sonarr.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib)
    all
    any
    attrValues
    concatMap
    mkIf
    mkMerge
    mkOption
    optional
    optionalAttrs
    ;
  inherit (lib.types) str;
  types = import ./types.nix { inherit lib; };
  cfg = config.services.mediaPipeline;
  inherit (cfg.settings) stateDir watched;
  inherit (watched) notify;
  worker = import ./worker.nix { inherit config lib; };

  services = lib.filter (service: service != null) [
    watched.jellyfin
    watched.radarr
    watched.radarr4k
    watched.sonarr
    watched.sonarr4k
    watched.seerr
  ];
  here =
    name: optional (options.services ? ${name} && config.services.${name}.enable) "${name}.service";

  # What is looked at to see that files are gone, as far as the options tell, and a unit can name it.
  looksAt = lib.filter types.directory.check (
    lib.unique (
      concatMap (service: attrValues (service.pathMap or { })) services
      ++ optional (watched.pressure != null) watched.pressure.path
    )
  );

  isLocal =
    { url, ... }: builtins.match "https?://(127\\.[0-9.]+|localhost|\\[::1])([:/].*)?" url != null;
  staysHere =
    all isLocal services
    && notify.webhook == null
    && notify.mail == null
    && (notify.ntfy == null || isLocal notify.ntfy);

  base = worker.service "watched" worker.ofWatched;

  hardening = {
    # Titles go through the APIs: no library has to be writable, only read, to see that the files are gone.
    ReadWritePaths = [ stateDir ];
    ProtectHome =
      if any worker.isInHome [ stateDir ] then
        false
      else if any worker.isInHome looksAt then
        "read-only"
      else
        true;
  }
  // optionalAttrs staysHere {
    IPAddressAllow = "localhost";
    IPAddressDeny = "any";
  };

  # sendmail hands a message over as the mail system's group or user, which it becomes by its setgid or setuid bit.
  forMail = {
    # The bits count for nothing with it, nor in a user namespace that has no such group.
    NoNewPrivileges = false;
    PrivateUsers = false;
    # The mail system may be one whose sendmail becomes root by its bit: with no more than it takes to deliver a message.
    CapabilityBoundingSet = [
      "CAP_CHOWN"
      "CAP_DAC_OVERRIDE"
      "CAP_FOWNER"
      "CAP_SETGID"
      "CAP_SETUID"
    ];
    # The message is put into the mail system's queue; the group may write there, the worker may not.
    ReadWritePaths = [
      stateDir
      "-/var/lib/postfix/queue"
      "-/var/spool/smtpd"
      "-/var/spool/exim"
      "-/var/spool/nullmailer"
    ];
    # ~@privileged and ~@resources are absent: it gives its rights up by these calls.
    SystemCallFilter = [
      "@system-service"
      "@pkey"
      "capset"
    ];
  };
in
{
  options.services.mediaPipeline.watchedCalendar = mkOption {
    type = str;
    default = "03:00";
    example = "Sun 04:00";
    description = "When watched titles are retired, as a calendar event of systemd ({manpage}`systemd.time(7)`).";
  };

  config = mkIf (cfg.enable && watched != null) {
    systemd.services.media-pipeline-watched = mkMerge [
      worker.unit
      {
        description = "Retire what was watched";
        # Not wants: who has stopped one of these had a reason. The run says that it is not there, and comes back.
        after = concatMap here [
          "jellyfin"
          "radarr"
          "sonarr"
          "seerr"
        ];
        unitConfig.RequiresMountsFor = looksAt;
        serviceConfig =
          base
          // hardening
          // optionalAttrs (notify.mail != null) forMail
          // {
            # Something was not to be reached; by the timer alone that would be a day lost.
            Restart = "on-failure";
            RestartSec = "5min";
            RestartSteps = 4;
            RestartMaxDelaySec = "1h";
            # A title that failed, a fuse, a wrong command line or configuration: a person has to look.
            RestartPreventExitStatus = [
              1
              64
              78
            ];
          };
      }
    ];

    systemd.timers.media-pipeline-watched = {
      description = "Retire what was watched";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnCalendar = cfg.watchedCalendar;
        Persistent = true;
        RandomizedDelaySec = "30min";
      };
    };
  };
}
