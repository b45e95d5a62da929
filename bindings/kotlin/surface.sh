#!/usr/bin/env bash
# Lists the public surface of compiled classes as the JVM sees it, without what uniffi needs for itself: surface.sh CLASSES
set -euo pipefail
cd "$1"
find . -name '*.class' ! -name '*$[0-9]*' ! -name '*FfiConverter*' ! -iname '*Uniffi*' ! -name 'RustBuffer*' ! -name 'ForeignBytes*' ! -name '*$$*' ! -name 'META-INF*' |
  LC_ALL=C sort | xargs javap -public |
  grep -vE '^Compiled from|\$Companion Companion;|[Uu]niffi|FfiConverter|RustBuffer|NoHandle|\$default\(|DefaultConstructorMarker|(component[0-9]+|copy|hashCode|toString|equals|getEntries|values|valueOf)(-[A-Za-z0-9_-]+)?\(' |
  awk '
    /\{$/ { head = $0; next }
    /^\}$/ && head != "" { if (head !~ /Companion/) print head " }"; head = ""; next }
    { if (head != "") print head; head = ""; print }'
