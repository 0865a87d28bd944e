# Secrets as plain files on the host, readable by root alone; systemd hands each to the units that need it.
{
  services.mediaPipeline.settings = {
    upload.rcloneEnvironmentFile = "/etc/secrets/rclone.env";
    qbittorrent.passwordFile = "/etc/secrets/qbittorrent-password";
  };
}
