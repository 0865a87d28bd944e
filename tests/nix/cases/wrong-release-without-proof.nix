# Live deletion, and the proof that it needs is turned off.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings = {
    upload.verify = "metadata";
    cleanup.mode = "managed";
  };
}
