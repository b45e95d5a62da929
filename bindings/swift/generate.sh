#!/usr/bin/env bash
# Writes what uniffi generates to where Package.swift expects it: `bindings/swift/generate.sh LIBRARY`, the unstripped library.
set -euo pipefail
library=$(realpath "$1")
cd "$(dirname "$0")/../.."
out="${CARGO_TARGET_DIR:-$PWD/target}/swift/generated"
rm -rf "$out"; mkdir -p "$out"
cargo run --quiet --locked -p completion-coach-bindgen -- generate --library "$library" --language swift --out-dir "$out" --no-format

# uniffi writes an error's cases as if they were classes; Swift's own begin small.
perl -pi -e 's/(case let \.|case |return \.)([A-Z]\w+)(?=\()/$1 . ($1 eq "case " && $2 eq "Internal" ? "`internal`" : lcfirst $2)/e
  if /^enum CoachError:/ .. /^public func FfiConverterTypeCoachError_lift/' "$out/CompletionCoachGenerated.swift"

# What has not changed keeps its time, so that it is not compiled again.
put() { cmp -s "$1" "$2" || { mkdir -p "$(dirname "$2")"; cp "$1" "$2"; }; }
cd bindings/swift/Sources
put "$out/CompletionCoachGenerated.swift" CompletionCoachGenerated/CompletionCoachGenerated.swift
put "$out/CompletionCoachFFI.h" CompletionCoachFFI/CompletionCoachFFI.h
put "$out/CompletionCoachFFI.modulemap" CompletionCoachFFI/module.modulemap
