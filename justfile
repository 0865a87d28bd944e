# Everyday recipes, on this machine. `just` lists them.

config := env("MEDIA_PIPELINE_CONFIG", "/etc/media-pipeline/config.json")
run := justfile_directory() / "bin/media-pipeline" + " --config " + quote(config)

_default:
    @{{ just_executable() }} --list --unsorted --justfile {{ quote(justfile()) }}

# Upload what is complete: infohashes, paths or names, or everything
upload *TARGETS:
    {{ run }} upload {{ TARGETS }}

# What cleanup would release
cleanup-dry:
    {{ run }} cleanup --dry-run

# Release what is proven remote and free of obligations
cleanup:
    {{ run }} cleanup

# One screen of everything
status:
    @{{ run }} status

# Why something is where it is
explain TARGET:
    @{{ run }} explain {{ quote(TARGET) }}

# Bring an item back
restore TARGET:
    {{ run }} restore {{ quote(TARGET) }}

# Every dependency, permission, mount, credential and invariant
doctor:
    @{{ run }} doctor

# Validate the configuration
config-check:
    @{{ run }} config check

# Follow the logs of all units
logs:
    journalctl --follow --lines 100 --unit 'media-pipeline-*' --unit 'qbt-*'

# When the timers fire next
timers:
    systemctl list-timers 'media-pipeline-*' 'qbt-*'

# The main loop end to end on this machine, nothing faked
demo:
    npm run demo

# All tests, or those whose path matches
test *FILTER:
    npm test -- {{ FILTER }}

# Types, Effect diagnostics, lint, format, import rules
check:
    npm run check

# Format all sources
format:
    npm run format

# Measure against the targets
bench:
    npm run bench

# One file: dist/media-pipeline.mjs
build:
    npm run build
