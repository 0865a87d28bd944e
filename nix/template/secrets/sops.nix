# Secrets encrypted in secrets.yaml. The host decrypts them with its own ssh key into /run/secrets; see README.md here.
{ config, ... }:
let
  inherit (config.sops) secrets;
in
{
  sops = {
    defaultSopsFile =
      if builtins.pathExists ./secrets.yaml then
        ./secrets.yaml
      else
        throw "secrets/secrets.yaml is missing: make it with `just secrets`, then `git add` it (secrets/README.md)";
    secrets = {
      # What is mounted keeps the key that it was started with.
      "rclone.env".restartUnits = [ "rclone-b2-mount.service" ];
      qbittorrent-password.restartUnits = [ "qbittorrent.service" ];
    };
  };

  services.mediaPipeline.settings = {
    upload.rcloneEnvironmentFile = secrets."rclone.env".path;
    qbittorrent.passwordFile = secrets.qbittorrent-password.path;
  };
}
