# The worker could not remove what it has uploaded.
{ lib, ... }:
{
  imports = [ ./boot.nix ];
  services.qbittorrent.group = lib.mkForce "qbittorrent";
}
