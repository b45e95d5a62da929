#!/usr/bin/env bash
# Makes CompletionCoachFFI.xcframework, which Package.swift links on Apple platforms, and the generated sources. It runs on a Mac with Xcode.
# `xcframework.sh --no-default-features` leaves the network stack out, for an app over URLSessionTransport.
set -euo pipefail
cd "$(dirname "$0")/../.."
target="${CARGO_TARGET_DIR:-$PWD/target}" out=bindings/swift/CompletionCoachFFI.xcframework
export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0
# The generator reads what stripping takes away; an app is stripped when it is linked.
export CARGO_PROFILE_SMALL_STRIP=none
name=libcompletion_coach_ffi.a
for platform in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin; do
  rustup target add "$platform"
  cargo build --locked --config .cargo/phone.toml --profile small --package completion-coach-ffi --target "$platform" "$@"
done
bindings/swift/generate.sh "$target/aarch64-apple-darwin/small/$name"

headers="$target/swift/headers"
rm -rf "$out" "$headers"; mkdir -p "$headers" "$target/swift/simulator" "$target/swift/mac"
cp bindings/swift/Sources/CompletionCoachFFI/{CompletionCoachFFI.h,module.modulemap} "$headers"
lipo -create "$target"/{aarch64-apple-ios-sim,x86_64-apple-ios}/small/$name -output "$target/swift/simulator/$name"
lipo -create "$target"/{aarch64-apple-darwin,x86_64-apple-darwin}/small/$name -output "$target/swift/mac/$name"
xcodebuild -create-xcframework \
  -library "$target/aarch64-apple-ios/small/$name" -headers "$headers" \
  -library "$target/swift/simulator/$name" -headers "$headers" \
  -library "$target/swift/mac/$name" -headers "$headers" \
  -output "$out"
