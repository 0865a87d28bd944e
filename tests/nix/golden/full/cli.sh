# media-pipeline
#!/nix/store/00000000000000000000000000000000-bash/bin/bash
if [ "$(/nix/store/00000000000000000000000000000000-coreutils/bin/id -u)" = 0 ]; then
  streams=--pipe
  if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then streams=--pty; fi
  exec /nix/store/00000000000000000000000000000000-systemd/bin/systemd-run --quiet --collect --wait "$streams" --service-type=exec \
    --expand-environment=no '--property=User=worker' '--property=Group=library' '--property=UMask=0002' '--property=CacheDirectory=media-pipeline' '--property=CacheDirectoryMode=0700' '--property=Environment=NODE_COMPILE_CACHE=/var/cache/media-pipeline/node' '--property=Environment=XDG_CACHE_HOME=/var/cache/media-pipeline' '--property=LoadCredential=qbittorrent.passwordFile:/run/secrets/qbittorrent' '--property=LoadCredential=qbittorrent.apiKeyFile:/run/secrets/qbittorrent-api-key' '--property=LoadCredential=upload.rcloneConfigFile:/run/secrets/rclone.conf' '--property=LoadCredential=upload.rcloneEnvironmentFile:/run/secrets/rclone.env' '--property=LoadCredential=upload.extract.passwordsFile:/run/secrets/archive-passwords' \
    -- /nix/store/00000000000000000000000000000000-media-pipeline/bin/media-pipeline "$@"
fi
exec /nix/store/00000000000000000000000000000000-media-pipeline/bin/media-pipeline "$@"

# media-pipeline-rclone
#!/nix/store/00000000000000000000000000000000-bash/bin/bash
if [ "$(/nix/store/00000000000000000000000000000000-coreutils/bin/id -u)" = 0 ]; then
  streams=--pipe
  if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then streams=--pty; fi
  exec /nix/store/00000000000000000000000000000000-systemd/bin/systemd-run --quiet --collect --wait "$streams" --service-type=exec \
    --expand-environment=no '--property=User=worker' '--property=Group=library' '--property=UMask=0002' '--property=LoadCredential=upload.rcloneConfigFile:/run/secrets/rclone.conf' '--property=EnvironmentFile=/run/secrets/rclone.env' \
    -- /nix/store/00000000000000000000000000000000-bash/bin/bash -c 'RCLONE_CONFIG=${CREDENTIALS_DIRECTORY:?run this as root}/upload.rcloneConfigFile exec "$0" "$@"' /nix/store/00000000000000000000000000000000-rclone/bin/rclone "$@"
fi
exec /nix/store/00000000000000000000000000000000-bash/bin/bash -c 'RCLONE_CONFIG=${CREDENTIALS_DIRECTORY:?run this as root}/upload.rcloneConfigFile exec "$0" "$@"' /nix/store/00000000000000000000000000000000-rclone/bin/rclone "$@"

