#!/usr/bin/env bash
# The one test command. `tests/all.sh` runs everything, `tests/all.sh core`, `python` or `mobile` a part.
# It installs what it needs; what it downloads or builds for that is cached outside the checkout.
set -euo pipefail
cd "$(dirname "$0")/.."

cache="${XDG_CACHE_HOME:-$HOME/.cache}/completion-coach"
deny_version=0.20.2
aimock_version=1.43.0
maturin_version=1.16.0
public_api_version=0.52.0
# What the README tells of the small library's size, and a hundredth, for another machine's compiler.
small_most=5100000

# With `SURFACE=write`, the lists of what hosts can name (tests/surface) are written anew, and with `FEATURES_TABLE=write` the README's table of
# features; otherwise both are compared. The golden debriefs' logs are written by `GOLDEN=write cargo test --features testing --test golden`.
export FEATURES="$PWD/target/features"

# Checks that are meant to run apart: "NAME (command)". They are printed, never skipped silently.
apart=(
  "three thousand kills (CRASH_KILLS=3000 cargo test --all-features --test crash)"
  "the protocol in ten thousand orders (PROTOCOL_SEED=\$RANDOM PROPTEST_CASES=10000 cargo test --all-features --test protocol)"
  "a million streams, errors and proposals (PROPTEST_CASES=1000000 cargo test --release --all-features --lib fuzz)"
  "the table of speeds (cargo bench --features testing --bench table)"
  "what a debrief costs (cargo bench --features testing --bench cost)"
  "what the checks of a turn take (cargo bench --features testing --bench checks)"
  "what the wheel costs (python benches/python/costs.py, in a virtual environment with the wheel)"
  "Python beside its peers (python benches/python/peers.py; benches/python/requirements.txt has what it needs)"
  "the size without http (cargo build --config .cargo/phone.toml --profile small -p completion-coach-ffi --no-default-features)"
  "the package of Kotlin without http, over the app's own network stack (tests/kotlin.sh without-http)"
  "the package of Swift without http, over URLSession (tests/swift.sh without-http)"
  "ten thousand turns in Kotlin leak nothing (LEAK_TURNS=10000 mvn -Dflavour=testing test -Dtest='LifeTest#*many*', in bindings/kotlin after tests/kotlin.sh)"
  "ten thousand turns in Swift leak nothing (LEAK_TURNS=10000 tests/swift.sh)"
  "ten thousand turns in Python leak nothing (LEAK_TURNS=10000 python -m pytest bindings/python/tests/test_leaks.py, in a virtual environment with the wheel)"
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

# Compares a list of what hosts can name with the one that is checked in: surface LANGUAGE FILE
surface() {
  if [ "${SURFACE:-}" = write ]; then cp "$2" "tests/surface/$1.txt"; fi
  diff -u "tests/surface/$1.txt" "$2" || { echo "the public surface has changed; if it should have, run this with SURFACE=write"; exit 1; }
}

# Built as fast as can be: it runs for seconds.
tool() { CARGO_PROFILE_DEV_DEBUG=none cargo install --quiet --locked --debug --root "$cache" --version "$2" "$1"; }

install_deny() {
  if [ "$("$cache/bin/cargo-deny" --version 2>/dev/null)" != "cargo-deny $deny_version" ]; then
    say "installing cargo-deny $deny_version"
    tool cargo-deny "$deny_version"
  fi
}

core() {
  command -v cargo >/dev/null || { echo "Rust is missing: install it first"; exit 1; }
  command -v npm >/dev/null || { echo "Node with npm is missing: install it first"; exit 1; }
  install_deny
  if [ "$("$cache/bin/cargo-public-api" --version 2>/dev/null)" != "cargo-public-api $public_api_version" ]; then
    say "installing cargo-public-api $public_api_version"
    tool cargo-public-api "$public_api_version"
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
  say "public surface"
  # The format that documentation tools read is not stable yet, and stays the same as long as the compiler does.
  RUSTC_BOOTSTRAP=1 cargo rustdoc --quiet --locked --lib --all-features --target-dir target/surface -- -Z unstable-options --output-format json
  "$cache/bin/cargo-public-api" -sss --rustdoc-json target/surface/doc/completion_coach.json >target/surface/rust.txt
  surface rust target/surface/rust.txt
  say "tests"; cargo test --locked --all-features
  say "a debrief with a server that others wrote"; AIMOCK="$aimock" cargo test --locked --all-features --test aimock
  say "benches, each question once"; cargo test --locked --all-features --benches
  say "the package alone"; cargo package --locked --allow-dirty
}

# The oldest and the newest CPython from 3.10 on that this machine has: "VERSION PATH" each.
pythons() {
  local candidates=() path
  for path in python3 python3.{10..20}; do
    if command -v "$path" >/dev/null; then candidates+=("$(command -v "$path")"); fi
  done
  if command -v pyenv >/dev/null; then candidates+=("$(pyenv root)"/versions/*/bin/python3); fi
  for path in "${candidates[@]}"; do
    # A name that no installed version stands behind is no candidate.
    "$path" -c '
import sys, venv, ensurepip
if sys.implementation.name == "cpython" and sys.version_info >= (3, 10):
    print("%d.%d" % sys.version_info[:2], sys.executable)' 2>/dev/null || true
  done | sort -Vu | sed -n '1p;$p' | uniq
}

python() {
  command -v cargo >/dev/null || { echo "Rust is missing: install it first"; exit 1; }
  local binding="$PWD/bindings/python" work="$PWD/target/python" version path found
  found=$(pythons)
  [ -n "$found" ] || { echo "no CPython from 3.10 on was found: install one first"; exit 1; }
  printf 'with CPython:\n%s\n' "$(cut -d' ' -f1 <<<"$found")"
  mkdir -p "$work"; rm -rf "$work/wheels"
  if ! command -v chromium >/dev/null; then
    say "installing Chromium"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
  fi
  # Beside the wheel's build: what its tests need, in environments of their own.
  while read -r version path; do
    rm -rf "$work/$version"; "$path" -m venv "$work/$version"
    "$work/$version/bin/pip" install --quiet --no-compile --disable-pip-version-check --requirement "$binding/tests/requirements.txt"
  done <<<"$found" & local tools=$!
  trap "kill $tools 2>/dev/null || true" EXIT
  say "the wheel"
  local build="$cache/maturin-$maturin_version"
  if [ "$("$build/bin/maturin" --version 2>/dev/null)" != "maturin $maturin_version" ]; then
    rm -rf "$build"; python3 -m venv "$build"; "$build/bin/pip" install --quiet --disable-pip-version-check "maturin==$maturin_version"
  fi
  cargo clippy --locked --package completion-coach-python -- -D warnings
  "$build/bin/maturin" build --locked --manifest-path "$binding/Cargo.toml" --out "$work/wheels"
  wait "$tools" || { echo "what the tests need cannot be installed"; exit 1; }
  trap - EXIT
  while read -r version path; do
    say "CPython $version: the wheel beside nothing else, without Rust, outside the tree"
    local env="$work/$version" elsewhere; elsewhere=$(mktemp -d)
    "$path" -m venv "$elsewhere/alone"
    for pip in "$elsewhere/alone/bin/pip" "$env/bin/pip"; do "$pip" install --quiet --disable-pip-version-check --no-index "$work"/wheels/*.whl; done
    "$elsewhere/alone/bin/pip" list --disable-pip-version-check
    (cd "$elsewhere" && env -i PATH=/usr/bin:/bin HOME="$elsewhere" alone/bin/python "$binding/tests/test_readme.py")
    (cd "$elsewhere" && env -i PATH=/usr/bin:/bin HOME="$elsewhere" alone/bin/python "$binding/tests/consumer/app.py")
    rm -rf "$elsewhere"
    say "CPython $version: tests"
    local page=(); [ "$version" = "$(tail -1 <<<"$found" | cut -d' ' -f1)" ] || page=(--ignore "$binding/tests/test_jupyter.py")
    (cd "$binding" && "$env/bin/python" -m pytest -q -p no:cacheprovider -p no:asyncio "${page[@]}")
    say "CPython $version: types"
    (cd "$binding/tests/consumer" && "$env/bin/mypy" --strict app.py && "$env/bin/pyright" --pythonpath "$env/bin/python" app.py)
    (cd "$binding" && "$env/bin/mypy" --strict -p completion_coach && "$env/bin/stubtest" completion_coach --allowlist tests/stubtest.txt --ignore-unused-allowlist)
  done <<<"$found"
  say "public surface of Python"
  "$env/bin/python" tests/surface/python.py >"$work/surface.txt"
  surface python "$work/surface.txt"
  say "format and lints of Python"
  local ruff=("$env/bin/ruff" --config "$binding/pyproject.toml")
  "${ruff[@]}" format --check "$binding" benches/python && "${ruff[@]}" check "$binding" benches/python
  "$env/bin/pyright" --pythonpath "$env/bin/python" "$binding/python"
}

# Swift and Kotlin: the border in Rust first, then each language over it.
mobile() {
  command -v cargo >/dev/null || { echo "Rust is missing: install it first"; exit 1; }
  install_deny
  # Its linking is one long task of one core; what goes on beside it waits for no clock.
  cargo build --quiet --locked --config .cargo/phone.toml --profile small --package completion-coach-ffi & local small=$!
  trap "kill $small 2>/dev/null || true" EXIT
  say "the border"
  cargo clippy --locked --package completion-coach-ffi --package completion-coach-bindgen --all-targets --all-features -- -D warnings
  say "the border without http, over a transport of the app's own"
  cargo test --locked --package completion-coach-ffi --no-default-features --features testing
  absent reqwest rustls hyper -- --package completion-coach-ffi --no-default-features
  absent uniffi -- --all-features
  "$cache/bin/cargo-deny" --locked --manifest-path bindings/uniffi/Cargo.toml check licenses bans
  cargo test --locked --package completion-coach-ffi --all-features
  say "the small library, which phones load and the consumers of both packages use"
  wait "$small" || { echo "it cannot be built"; exit 1; }
  trap - EXIT
  local size; size=$(stat -c %s "${CARGO_TARGET_DIR:-target}/small/libcompletion_coach_ffi.so")
  echo "$size bytes"
  [ "$size" -le "$small_most" ] || { echo "it has grown beyond $small_most bytes; if it should have, change that and the README"; exit 1; }
  say "Kotlin"; tests/kotlin.sh
  say "Swift"; tests/swift.sh
}

rm -rf "$FEATURES"
parts=("$@"); [ $# -gt 0 ] || parts=(core python mobile)
for part in "${parts[@]}"; do
  case "$part" in
    core | python | mobile) "$part" ;;
    *) echo "there is no part '$part'; use: core, python, mobile"; exit 2 ;;
  esac
done

say "features by language"
languages=()
for part in "${parts[@]}"; do
  case "$part" in core) languages+=(rust) ;; python) languages+=(python) ;; mobile) languages+=(kotlin swift) ;; esac
done
python3 tests/features.py "${FEATURES_TABLE:-check}" "$FEATURES" "${languages[@]}"
for check in "${apart[@]}"; do echo "apart: $check"; done
say "all that was asked for has passed: ${parts[*]}"
