unchecked=/nix/store/00000000000000000000000000000000-media-pipeline-unchecked.json
/nix/store/00000000000000000000000000000000-media-pipeline/bin/media-pipeline --config "$unchecked" config check
cp "$unchecked" "$out"
