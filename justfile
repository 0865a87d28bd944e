# `just` lists the recipes: for the host, over ssh, those of the template; for this checkout, those below.

import 'nix/template/justfile'

_default:
    just --list

# The main loop end to end on this machine, nothing faked
[group("6. Develop")]
demo:
    npm run demo

# All tests, or those whose path matches
[group("6. Develop")]
test *FILTER:
    npm test -- "$@"

# Types, Effect diagnostics, lint, format, import rules
[group("6. Develop")]
lint:
    npm run check

# Format all sources
[group("6. Develop")]
format:
    npm run format

# Measure against the targets
[group("6. Develop")]
bench:
    npm run bench

# One file: dist/media-pipeline.mjs
[group("6. Develop")]
build:
    npm run build

# This checkout's program, on this machine
[group("6. Develop")]
run *ARGS:
    bin/media-pipeline "$@"
