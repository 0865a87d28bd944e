# Free-form here, and so left to the worker, which reads the file when the system is built.
{
  imports = [ ./minimal.nix ];
  services.mediaPipeline.settings.upload.verfy = "readback";
}
