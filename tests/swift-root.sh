#!/usr/bin/env bash
# Runs a command where Swift is: `tests/swift-root.sh swift --version`. A machine that has `swift` runs it as it is;
# any other gets a Debian root with Swift in it, made once under target/, where the checkout has the same path as outside.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v swift >/dev/null; then exec "$@"; fi

suite=trixie # the first Debian with Swift
packages=swiftlang,libc6-dev,libstdc++-14-dev
root="$PWD/target/swift-root"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/completion-coach"
# Another checkout unpacks this in a seventh of the time that making it takes; keeping the packages instead saves nothing.
archive="$cache/swift-root-$(cksum <<<"$suite $packages" | cut -d' ' -f1).tar.zst"

make_root() {
  [ "$(id -u)" = 0 ] || { echo "Swift is missing, and only root can make a system that has it: install Swift first"; return 1; }
  rm -rf "$root"; mkdir -p "$root" "$cache"
  if [ ! -f "$archive" ]; then
    command -v apt-get >/dev/null || { echo "Swift is missing, and this is no Debian to fetch it from: install Swift first"; return 1; }
    local log="$root.log" mirror
    if ! command -v debootstrap >/dev/null || ! command -v zstd >/dev/null; then
      { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends debootstrap zstd; } >"$log" 2>&1 ||
        { tail "$log"; return 1; }
    fi
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' | sed -n 1p)
    [ -n "$mirror" ] || { echo "apt knows no mirror of Debian: install Swift first"; return 1; }
    debootstrap --variant=minbase --include="$packages" "$suite" "$root" "$mirror" >"$log" 2>&1 || { tail "$log"; return 1; }
    # What remembers the mirror is not kept.
    rm -rf "$log" "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/var/log/* "$root"/etc/apt/sources.list
    tar -C "$root" -I 'zstd -T0' -cf "$archive.part" . && mv "$archive.part" "$archive"
  else
    tar -C "$root" -I zstd -xf "$archive"
  fi
  echo "$suite $packages" >"$root/made"
}

if [ "$(cat "$root/made" 2>/dev/null)" != "$suite $packages" ]; then make_root </dev/null >&2 || exit 1; fi

# The mounts are in a namespace of their own and go with it; so do processes that the command left behind.
export root
exec unshare --mount --pid --fork --kill-child bash -euc '
  mkdir -p "$root$PWD"
  mount --bind "$PWD" "$root$PWD"
  mount --rbind /dev "$root/dev"
  mount -t proc proc "$root/proc"
  exec chroot "$root" /usr/bin/env -i --chdir="$PWD" HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
' bash "$@"
