#!/bin/sh
# Fetches the libraries of one Leshan version by Maven and compiles the host program against them.
# usage: fetch.sh VERSION...     (a directory of test/leshan/host)
# The result is kept in .cache/leshan/VERSION until the sources change. Exit 69: Java or Maven is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=$(cd "$here/../.." && pwd)/.cache/leshan

need() {
  command -v "$1" >/dev/null 2>&1 || { echo "$1 not found: Leshan needs a JDK (17 or later) and Maven" >&2; exit 69; }
}

for version in "$@"; do
  sources=$here/host/$version
  [ -f "$sources/pom.xml" ] || { echo "unknown version: $version" >&2; exit 64; }
  need java
  stamp=$(cat "$here/fetch.sh" "$sources"/* "$here"/host/shared/* | cksum)
  [ -f "$cache/$version/stamp" ] && [ "$(cat "$cache/$version/stamp")" = "$stamp" ] && continue
  need javac
  need mvn
  echo "building the Leshan $version host" >&2
  mkdir -p "$cache"
  work=$(mktemp -d "$cache/$version.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir "$work/classes"
  if ! mvn -B -q -f "$sources/pom.xml" dependency:copy-dependencies -DoutputDirectory="$work/lib" >"$work/mvn.log" 2>&1; then
    grep ERROR "$work/mvn.log" | head -3 >&2 || true
    echo "maven could not fetch the libraries of Leshan $version" >&2
    exit 1
  fi
  javac -nowarn -d "$work/classes" -cp "$work/lib/*" "$here"/host/shared/*.java "$sources"/*.java
  echo "$stamp" >"$work/stamp"
  rm -rf "${cache:?}/$version"
  mv "$work" "$cache/$version"
  trap - EXIT
done
