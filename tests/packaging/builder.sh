# Stands in for the shell that Nix builds in: sourced before the phases of nix/package.nix, in bash.
set -eu

runHook() { :; }

# makeWrapper PROGRAM WRAPPER [--prefix VARIABLE SEPARATOR VALUE | --set VARIABLE VALUE | --add-flags FLAGS]…
makeWrapper() {
  local program=$1 wrapper=$2 flags=
  shift 2
  mkdir -p "$(dirname "$wrapper")"
  echo '#!/bin/sh' >"$wrapper"
  while [ $# -gt 0 ]; do
    case $1 in
      --prefix) echo "export $2='$4'\"\${$2:+$3}\${$2:-}\"" >>"$wrapper" && shift 4 ;;
      --set) echo "export $2='$3'" >>"$wrapper" && shift 3 ;;
      --add-flags) flags="$flags $2" && shift 2 ;;
      *) echo "makeWrapper: $1 is unknown here" >&2 && exit 1 ;;
    esac
  done
  echo "exec $program$flags \"\$@\"" >>"$wrapper"
  chmod 755 "$wrapper"
}

installShellCompletion() {
  local file
  for file in "$@"; do
    case $file in
      *.bash) install -Dm644 "$file" "$out/share/bash-completion/completions/$file" ;;
      *.fish) install -Dm644 "$file" "$out/share/fish/vendor_completions.d/$file" ;;
      *.zsh) install -Dm644 "$file" "$out/share/zsh/site-functions/_${file%.zsh}" ;;
      *) echo "installShellCompletion: $file is of no shell" >&2 && exit 1 ;;
    esac
  done
}
