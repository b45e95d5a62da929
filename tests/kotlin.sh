#!/usr/bin/env bash
# Kotlin: generates, compiles, tests, and uses the package from outside of the tree. With SURFACE=write the public surface is written anew.
# `tests/kotlin.sh without-http` makes the package without http instead, and uses it.
set -euo pipefail
cd "$(dirname "$0")/.."

binding="$PWD/bindings/kotlin" work="$PWD/target/kotlin" target="${CARGO_TARGET_DIR:-$PWD/target}"
repository="$work/repository"

say() { printf '\n== %s\n' "$*"; }

maven() { mvn -q -B -ntp -f "$binding/pom.xml" "$@"; }

command -v cargo >/dev/null || { echo "Rust is missing: install it first"; exit 1; }
if ! { command -v mvn && command -v javac && command -v strip; } >/dev/null; then
  say "installing Maven and a JDK"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends maven openjdk-17-jdk-headless binutils >/dev/null
fi

# What the jar is made from: make_flavour NAME LIBRARY FLAGS…; generated from a library that describes itself, with the library that it comes with.
make_flavour() {
  local of="$work/$1" library="$2"; shift 2
  cargo build --locked --package completion-coach-ffi "$@"
  # A class that is gone is gone from the jar and from the list of the surface.
  rm -rf "$of/generated" "$of/maven"; mkdir -p "$of/generated" "$of/native/linux-x86-64"
  "$target/debug/completion-coach-bindgen" generate --library "$target/debug/libcompletion_coach_ffi.so" --language kotlin --no-format --out-dir "$of/generated"
  strip --strip-debug -o "$of/native/linux-x86-64/libcompletion_coach_ffi.so" "$library"
}

# Installs a flavour where nobody else looks, and runs a program over it from outside of the tree: consume FLAVOUR APP WHAT_IT_SAYS
consume() {
  # What was downloaded is not downloaded again: as links, or where the disk is another one as copies.
  rm -rf "$repository"; cp -al "$HOME/.m2/repository" "$repository" 2>/dev/null || { mkdir -p "$repository"; cp -a "$HOME/.m2/repository/." "$repository"; }
  maven -Dflavour="$1" -Dmaven.test.skip=true -Dmaven.repo.local="$repository" install
  local said; elsewhere=$(mktemp -d); trap 'rm -rf "$elsewhere"' EXIT
  cp "$binding/consumer/pom.xml" "$binding/consumer/$2" "$elsewhere"
  said=$(cd "$elsewhere" && mvn -q -B -ntp -Dmaven.repo.local="$repository" verify) || { echo "$said"; exit 1; }
  printf '%s\n' "$said"
  grep -q "$3" <<<"$said"
}

cargo build --locked --package completion-coach-bindgen
if [ "${1:-}" = without-http ]; then
  say "the package without http, over the app's own network stack, used from outside of the tree"
  make_flavour without-http "$target/debug/libcompletion_coach_ffi.so" --no-default-features
  if grep -rq constructor_endpoint_new "$work/without-http/generated"; then echo "http is still there"; exit 1; fi
  consume without-http without-http/App.kt 'What did you learn?'
  exit
fi

say "the library and the generated sources"
make_flavour testing "$target/debug/libcompletion_coach_ffi.so" --features testing

say "the wrapper and its tests"
# The snippets of the README as one function, and its classes beside it.
mkdir -p "$work/testing/readme"
awk '
  /^```kotlin/ { on = 1; class = 0; next }
  /^```/ { on = 0; next }
  !on { next }
  /^class / { class = 1 }
  /^import / { imports = imports $0 "\n"; next }
  class { classes = classes $0 "\n"; next }
  { body = body "    " $0 "\n" }
  END { printf "package readme\n\n%s\n%s\nsuspend fun readme(path: String) {\n%s}\n", imports, classes, body }
' "$binding/README.md" >"$work/testing/readme/Readme.kt"
maven -Dflavour=testing test
python3 - "$work"/testing/maven/surefire-reports/TEST-*.xml <<'PYTHON'
import sys, xml.etree.ElementTree as tree
suites = [tree.parse(path).getroot() for path in sys.argv[1:]]
counts = {name: sum(int(suite.get(name)) for suite in suites) for name in ("tests", "failures", "errors", "skipped")}
print("Kotlin:", ", ".join(f"{count} {name}" for name, count in counts.items()))
sys.exit(counts["tests"] == 0 or counts["failures"] + counts["errors"] + counts["skipped"] > 0)
PYTHON

say "the package as it is published, with the small library, used from outside of the tree"
cargo build --locked --config .cargo/phone.toml --profile small --package completion-coach-ffi
make_flavour release "$target/small/libcompletion_coach_ffi.so"
consume release App.kt 'because of “I learned that tests come first'

say "Kotlin has passed"
