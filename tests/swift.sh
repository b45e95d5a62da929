#!/usr/bin/env bash
# Everything of Swift: `tests/swift.sh` builds the library, generates and compiles the package, runs its tests, the README and a consumer outside of
# the tree, and compares the public surface. `SURFACE=write tests/swift.sh` writes the surface anew, and
# `LEAK_TURNS=10000 tests/swift.sh` looks for what ten thousand turns leave behind. `tests/swift.sh without-http` makes the package without http instead,
# and uses it.
set -euo pipefail
cd "$(dirname "$0")/.."
say() { printf '\n== %s\n' "$*"; }

export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
package="$PWD/bindings/swift" work="$PWD/target/swift"
mkdir -p "$work/library" "$work/small"

consumer="$work/consumer"
rm -rf "$consumer"; mkdir -p "$consumer/Sources/Readme"
cp -r "$package/Tests/Consumer/." "$consumer"
awk '/^```swift$/ { on = 1; next } /^```$/ { on = 0 } on' "$package/README.md" >"$consumer/Sources/Readme/main.swift"

# Builds a program over the package with a library in target/swift, outside of the tree, and runs it: outside LIBRARY PROGRAM ARGUMENTS…
outside() {
  local library="$1" program="$2"; shift 2
  tests/swift-root.sh env COACH_LIBRARY="$work/$library" PACKAGE="$package" KEEP="$work/outside-$library" CONSUMER="$consumer" PROGRAM="$program" bash -euc '
    elsewhere=$(mktemp -d); cp -r "$CONSUMER/." "$elsewhere"; cd "$elsewhere"
    swift build --product "$PROGRAM" --scratch-path "$KEEP" >build.log 2>&1 || { grep -E "error:" build.log | head -20; tail -3 build.log; exit 1; }
    "$KEEP/debug/$PROGRAM" "$@"' bash "$@"
}

if [ "${1:-}" = without-http ]; then
  say "the package without http, over URLSession, used from outside of the tree"
  mkdir -p "$work/without-http"
  cargo build --quiet --locked --package completion-coach-ffi --no-default-features
  cp "$CARGO_TARGET_DIR/debug/libcompletion_coach_ffi.so" "$work/without-http/"
  bindings/swift/generate.sh "$work/without-http/libcompletion_coach_ffi.so"
  if grep -rq constructor_endpoint_new "$CARGO_TARGET_DIR/swift/generated"; then echo "http is still there"; exit 1; fi
  coproc python3 - <<'PYTHON'
import http.server, json
class Model(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200); self.send_header("Content-Type", "text/event-stream"); self.end_headers()
        for choice in {"delta": {"content": "What did you learn?"}}, {"delta": {}, "finish_reason": "stop"}:
            self.wfile.write(f"data: {json.dumps({'choices': [{'index': 0} | choice]})}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
  trap 'kill $COPROC_PID' EXIT
  read -r port <&"${COPROC[0]}"
  said=$(outside without-http WithoutHttp "http://127.0.0.1:$port/v1") || { echo "$said"; exit 1; }
  printf '%s\n' "$said"
  grep -q 'What did you learn?' <<<"$said"
  exit
fi

say "the library with what tests need, and what uniffi generates"
cargo build --quiet --locked --package completion-coach-ffi --features testing
cp -u "$CARGO_TARGET_DIR/debug/libcompletion_coach_ffi.so" "$work/library/"
bindings/swift/generate.sh "$work/library/libcompletion_coach_ffi.so"

# In the place where Swift is, with the library; a warm build stays in target/.
swift() {
  tests/swift-root.sh env COACH_LIBRARY="$work/library" ${FEATURES:+FEATURES="$FEATURES"} ${ALONE:+ALONE="$ALONE"} \
    ${LEAK_TURNS:+LEAK_TURNS="$LEAK_TURNS"} swift "$@"
}

say "the package, warnings of ours being errors"
log="$work/build.log"
swift build --build-tests --package-path "$package" --scratch-path "$work/build" >"$log" 2>&1 || { grep -E "error:|warning:" "$log" | head -40; tail -5 "$log"; exit 1; }
if grep -E "bindings/swift/(Sources/(CompletionCoachKit|CompletionCoachTesting|debrief)|Tests)/.*warning:" "$log"; then exit 1; fi
tail -1 "$log"

# tests LOG FLAGS…
tests() {
  local log="$work/$1.log"; shift
  swift test --skip-build --package-path "$package" --scratch-path "$work/build" "$@" >"$log" 2>&1 || { grep -E "✘|error:|Fatal|recorded an issue|^measured " "$log" | head -40; tail -5 "$log"; exit 1; }
  grep -E "^over |^measured " "$log" | sort -V || true
  grep -E "Test run with [1-9][0-9]* tests? passed" "$log"
}
say "tests"
tests tests

say "what is measured, each in a process of its own"
for suite in Leaks Costs; do
  ALONE=1 tests "$suite" --filter "$suite"
  grep -q "^measured " "$work/$suite.log" || { echo "nothing of $suite was measured"; exit 1; }
done

say "the public surface"
modules="$work/build/debug/Modules" graphs="$work/surface"
rm -rf "$graphs"; mkdir -p "$graphs"
target=$(swift -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["target"]["triple"])')
for module in CompletionCoachKit CompletionCoachGenerated CompletionCoachTesting; do
  swift symbolgraph-extract -module-name "$module" -target "$target" -I "$modules" \
    -I "$package/Sources/CompletionCoachFFI" -minimum-access-level public -skip-synthesized-members -emit-extension-block-symbols -output-dir "$graphs"
done
python3 tests/surface/swift.py "$package" "$graphs" >"$work/surface.txt"
if [ "${SURFACE:-}" = write ]; then cp "$work/surface.txt" tests/surface/swift.txt; fi
diff tests/surface/swift.txt "$work/surface.txt" || { echo "the public surface has changed: SURFACE=write tests/swift.sh, and say so in the changelog"; exit 1; }
wc -l <tests/surface/swift.txt

say "the package with the small library: the README's snippets and a consumer, outside of the tree"
cargo build --quiet --locked --config .cargo/phone.toml --profile small --package completion-coach-ffi
cp -u "$CARGO_TARGET_DIR/small/libcompletion_coach_ffi.so" "$work/small/"
cargo build --quiet --locked --package completion-coach-ffi
bindings/swift/generate.sh "$CARGO_TARGET_DIR/debug/libcompletion_coach_ffi.so"
said=$(outside small Consumer && outside small Readme) || { echo "$said"; exit 1; }
printf '%s\n' "$said"
grep -q "because of “I learned that gulls do not hold still" <<<"$said"

say "all of Swift has passed"
