{
  services.mediaPipeline.enable = true;
  services.mediaPipeline.settings.qbittorrent.url = "http://127.0.0.1:8080";
}
