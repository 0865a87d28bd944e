# media-pipeline
#!/nix/store/00000000000000000000000000000000-bash/bin/bash
if [ "$(/nix/store/00000000000000000000000000000000-coreutils/bin/id -u)" = 0 ]; then
  streams=--pipe
  if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then streams=--pty; fi
  secrets=()
  secret() {
    if [ -e "$2" ]; then secrets+=("--property=$1$2"); else echo "there is no $2: the units will fail" >&2; fi
  }
  secret 'LoadCredential=upload.rcloneEnvironmentFile:' /run/secrets/rclone.env
  secret 'LoadCredential=watched.jellyfin.apiKeyFile:' /run/secrets/jellyfin
  secret 'LoadCredential=watched.radarr.apiKeyFile:' /run/secrets/radarr
  secret 'LoadCredential=watched.sonarr.apiKeyFile:' /run/secrets/sonarr
  exec /nix/store/00000000000000000000000000000000-systemd/bin/systemd-run --quiet --collect --wait "$streams" --service-type=exec \
    --expand-environment=no '--property=User=media-pipeline' '--property=Group=media' '--property=UMask=0002' '--property=CacheDirectory=media-pipeline' '--property=CacheDirectoryMode=0700' '--property=Environment=NODE_COMPILE_CACHE=/var/cache/media-pipeline/node' '--property=Environment=XDG_CACHE_HOME=/var/cache/media-pipeline' "${secrets[@]}" \
    -- /nix/store/00000000000000000000000000000000-media-pipeline/bin/media-pipeline "$@"
fi
exec /nix/store/00000000000000000000000000000000-media-pipeline/bin/media-pipeline "$@"

# media-pipeline-rclone
#!/nix/store/00000000000000000000000000000000-bash/bin/bash
if [ "$(/nix/store/00000000000000000000000000000000-coreutils/bin/id -u)" = 0 ]; then
  streams=--pipe
  if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then streams=--pty; fi
  secrets=()
  secret() {
    if [ -e "$2" ]; then secrets+=("--property=$1$2"); else echo "there is no $2: the units will fail" >&2; fi
  }
  secret 'EnvironmentFile=' /run/secrets/rclone.env
  exec /nix/store/00000000000000000000000000000000-systemd/bin/systemd-run --quiet --collect --wait "$streams" --service-type=exec \
    --expand-environment=no '--property=User=media-pipeline' '--property=Group=media' '--property=UMask=0002' "${secrets[@]}" \
    -- /nix/store/00000000000000000000000000000000-coreutils/bin/env RCLONE_CONFIG=/dev/null /nix/store/00000000000000000000000000000000-rclone/bin/rclone "$@"
fi
exec /nix/store/00000000000000000000000000000000-coreutils/bin/env RCLONE_CONFIG=/dev/null /nix/store/00000000000000000000000000000000-rclone/bin/rclone "$@"

