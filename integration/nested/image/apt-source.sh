#!/bin/sh
# Lets packages lie at hand in a fresh mmdebstrap root, as they do for a node that reaches a mirror, without installing
# any: an apt source in the root holds them and what they pull in. Called by mmdebstrap as a customize hook:
#   apt-source.sh ROOT PACKAGE...
# They are unpacked below /opt/stand-in, too, for programs of the suite that must run before anything is installed.
set -eu
root=$1
shift
store=$root/var/local/packages
mkdir -p "$store" "$root/var/cache/apt/archives/partial"
APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -q -y --download-only -o APT::Install-Recommends=true install "$@"
mv "$root"/var/cache/apt/archives/*.deb "$store/"

mkdir -p "$root/opt/stand-in"
for package in "$store"/*.deb; do
  dpkg-deb -x "$package" "$root/opt/stand-in"
  dpkg-deb -f "$package"
  echo "Filename: ./${package##*/}"
  echo "Size: $(stat -c %s "$package")"
  echo "SHA256: $(sha256sum "$package" | cut -d' ' -f1)"
  echo
done > "$store/Packages"
# Debian's Node.js loads parts of itself from this folder by a path in its library; the other is as long.
mv "$root/opt/stand-in/usr/share/nodejs" "$root/opt/stand-in/njs"
sed -i 's|/usr/share/nodejs|/opt/stand-in/njs|g' "$root"/opt/stand-in/usr/lib/*/libnode.so.*
LD_LIBRARY_PATH=/opt/stand-in/usr/lib/x86_64-linux-gnu chroot "$root" /opt/stand-in/usr/bin/node -e 0

# From here on apt and dpkg do what they do on a Debian that was installed from a medium.
rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/* "$root/etc/apt/apt.conf.d/99mmdebstrap" \
  "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
echo 'deb [trusted=yes] file:/var/local/packages ./' > "$root/etc/apt/sources.list"
