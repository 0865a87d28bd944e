{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.upload.extract.reserveBytes = "100 gigs";
}
