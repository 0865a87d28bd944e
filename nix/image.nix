# The worker as a container image, for those who run their stack on Kubernetes (k8s/): `nix build .#image`, then
# `docker load` or `skopeo copy docker-archive:result docker://REGISTRY/media-pipeline:VERSION`.
{
  lib,
  cacert,
  dockerTools,
  media-pipeline,
}:
let
  id = "10001";
in
dockerTools.buildLayeredImage {
  name = "media-pipeline";
  tag = media-pipeline.version;

  contents = [
    media-pipeline
    dockerTools.caCertificates
    # Some libraries want every user to have a name.
    (dockerTools.fakeNss.override {
      extraPasswdLines = [ "media-pipeline:x:${id}:${id}:media-pipeline:/var/empty:/noshell" ];
      extraGroupLines = [ "media-pipeline:x:${id}:" ];
    })
  ];

  config = {
    Cmd = [ (lib.getExe media-pipeline) ];
    User = "${id}:${id}";
    WorkingDir = "/";
    Env = [
      "PATH=/bin"
      "SSL_CERT_FILE=${cacert}/etc/ssl/certs/ca-bundle.crt"
      # The root is read-only: what is cached goes where a volume is.
      "NODE_COMPILE_CACHE=/tmp/node"
      "XDG_CACHE_HOME=/tmp"
    ];
    Labels = {
      "org.opencontainers.image.title" = "media-pipeline";
      "org.opencontainers.image.version" = media-pipeline.version;
      "org.opencontainers.image.licenses" = "MIT";
    };
  };
}
