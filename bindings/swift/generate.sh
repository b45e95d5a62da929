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

# A task that is cancelled lets go of what it waits for in Rust, which uniffi's Swift has no word for yet (uniffi-rs#2771).
perl -pi -e 's/^( *)freeFunc: (\w+_rust_future_)free(_\w+),$/$&\n$1cancelFunc: $2cancel$3,/;
  s/^( *)freeFunc: \(UInt64\) -> \(\),$/$&\n$1cancelFunc: \@escaping (UInt64) -> (),/;
  s/^    var pollResult: Int8;$/    await withTaskCancellationHandler {\n    var pollResult: Int8/;
  s/^    } while pollResult != UNIFFI_RUST_FUTURE_POLL_READY$/$&\n    } onCancel: { cancelFunc(rustFuture) }/;
  s/fatalError\("Cancellation not supported yet"\)/throw CancellationError()/' "$out/CompletionCoachGenerated.swift"
[ "$(grep -cE 'onCancel: \{ cancelFunc|throw CancellationError' "$out/CompletionCoachGenerated.swift")" = 2 ] || { echo "uniffi writes its calls in another way: mend how they are cancelled"; exit 1; }

# What has not changed keeps its time, so that it is not compiled again.
put() { cmp -s "$1" "$2" || { mkdir -p "$(dirname "$2")"; cp "$1" "$2"; }; }
cd bindings/swift/Sources
put "$out/CompletionCoachGenerated.swift" CompletionCoachGenerated/CompletionCoachGenerated.swift
put "$out/CompletionCoachFFI.h" CompletionCoachFFI/CompletionCoachFFI.h
put "$out/CompletionCoachFFI.modulemap" CompletionCoachFFI/module.modulemap
