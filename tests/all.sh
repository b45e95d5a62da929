#!/usr/bin/env bash
# The one test command. `tests/all.sh` runs everything, `tests/all.sh core` a part.
# It installs what it needs; what it downloads or builds for that is cached outside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${XDG_CACHE_HOME:-$HOME/.cache}/completion-coach"
deny_version=0.20.2
aimock_version=1.43.0

# Checks that are meant to run apart: "NAME (command)". They are printed, never skipped silently.
apart=(
  "three thousand kills (CRASH_KILLS=3000 cargo test --all-features --test crash)"
  "the protocol in ten thousand orders (PROTOCOL_SEED=\$RANDOM PROPTEST_CASES=10000 cargo test --all-features --test protocol)"
  "a million streams, errors and proposals (PROPTEST_CASES=1000000 cargo test --release --all-features --lib fuzz)"
  "the table of speeds (cargo bench --features testing --bench table)"
  "what a debrief costs (cargo bench --features testing --bench cost)"
  "what the checks of a turn take (cargo bench --features testing --bench checks)"
)

say() { printf '\n== %s\n' "$*"; }

# Fails if one of these crates is in the tree of a build with these flags: absent CRATE… -- FLAGS…
absent() {
  local crates=()
  while [ "$1" != -- ]; do crates+=("$1"); shift; done
  shift
  local tree; tree=$(cargo tree --locked --prefix none -e normal "$@")
  for crate in "${crates[@]}"; do
    if grep -q "^$crate" <<<"$tree"; then echo "$crate is in the tree of: $*"; exit 1; fi
  done
}

core() {
  command -v cargo >/dev/null || { echo "Rust is missing: install it first"; exit 1; }
  command -v npm >/dev/null || { echo "Node with npm is missing: install it first"; exit 1; }
  if [ "$("$cache/bin/cargo-deny" --version 2>/dev/null)" != "cargo-deny $deny_version" ]; then
    say "installing cargo-deny $deny_version"
    cargo install --quiet --locked --root "$cache" --version "$deny_version" cargo-deny
  fi
  aimock="$cache/aimock-$aimock_version"
  if ! grep -qs "\"version\": \"$aimock_version\"" "$aimock/node_modules/@copilotkit/aimock/package.json"; then
    say "installing aimock $aimock_version"
    mkdir -p "$aimock"
    npm install --loglevel=error --no-audit --no-fund --ignore-scripts --no-save --prefix "$aimock" "@copilotkit/aimock@$aimock_version"
  fi
  say "format"; cargo fmt --all --check
  say "lints"
  cargo clippy --locked --all-targets --all-features -- -D warnings
  cargo clippy --locked --test aimock --all-features -- -D warnings
  say "features apart"
  cargo check --locked --no-default-features
  cargo check --locked --no-default-features --features testing
  cargo check --locked --no-default-features --features sqlite
  cargo check --locked --no-default-features --features http
  absent aws-lc openssl-sys native-tls -- --all-features
  absent reqwest rustls hyper -- --no-default-features --features sqlite,testing
  say "documentation"; RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --all-features
  say "licences and bans"; "$cache/bin/cargo-deny" --locked check licenses bans
  say "tests"; cargo test --locked --all-features
  say "a debrief with a server that others wrote"; AIMOCK="$aimock" cargo test --locked --all-features --test aimock
  say "benches, each question once"; cargo test --locked --all-features --benches
  say "the package alone"; cargo package --locked --allow-dirty
}

parts=("${@:-core}")
for part in "${parts[@]}"; do
  case "$part" in
    core) core ;;
    *) echo "there is no part '$part'; use: core"; exit 2 ;;
  esac
done

for check in "${apart[@]}"; do echo "apart: $check"; done
say "all that was asked for has passed: ${parts[*]}"
