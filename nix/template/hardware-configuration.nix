throw ''

  hardware-configuration.nix is a placeholder. Make the real one on the host and put it in this one's place:

    ssh root@builder nixos-generate-config --show-hardware-config > hardware-configuration.nix
''
