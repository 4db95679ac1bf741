#!/bin/bash
# A host of its own on this machine: private-host.sh LOG COMMAND…
# Runs inside fresh mount and PID namespaces (unshare), as process 1 there. Everything that libvirt, OpenNebula's
# driver and Pinfold write outside /tmp lands on memory file systems that nobody else sees; when this script ends, so
# do libvirtd and every QEMU. bash as process 1 reaps what daemons leave to it: libvirt takes a zombie for alive.
#
# A second host beside it (player/second-host.ts) sets PRIVATE_HOST_NAME, in a UTS namespace of its own, and gets a UUID of
# its own, since libvirt refuses to migrate between hosts of one UUID. Its libvirtd uses no cgroups, because both count their
# domains from 1 and would meet in one cgroup: there, pins are thread masks alone.
set -euo pipefail
log=$1
shift

mkdir -p /etc/libvirt
for folder in /run /var/lib /var/cache /var/log /var/tmp /etc/libvirt; do
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
chmod 1777 /var/tmp
mkdir -p /run/lock /run/libvirt /var/lib/libvirt/qemu /var/log/libvirt/qemu /var/cache/libvirt /var/lib/one

# libvirtd will not start without its user, which only libvirt-daemon-system makes; here it exists for us alone.
cp /etc/passwd /run/passwd
cp /etc/group /run/group
getent passwd libvirt-qemu > /dev/null || echo 'libvirt-qemu:x:64055:64055::/var/lib/libvirt:/usr/sbin/nologin' >> /run/passwd
getent group libvirt-qemu > /dev/null || echo 'libvirt-qemu:x:64055:' >> /run/group
getent group kvm > /dev/null || echo 'kvm:x:64056:' >> /run/group
mount --bind /run/passwd /etc/passwd
mount --bind /run/group /etc/group

cat > /etc/libvirt/libvirtd.conf << 'CONF'
auth_unix_rw = "none"
auth_unix_ro = "none"
CONF
# QEMU as root without labels: the private folders belong to nobody else. stdio_handler "file" needs no virtlogd.
cat > /etc/libvirt/qemu.conf << 'CONF'
user = "root"
group = "root"
security_driver = "none"
namespaces = []
remember_owner = 0
stdio_handler = "file"
CONF
if [ -n "${PRIVATE_HOST_NAME:-}" ]; then
  hostname "$PRIVATE_HOST_NAME"
  echo "host_uuid = \"$(cat /proc/sys/kernel/random/uuid)\"" >> /etc/libvirt/libvirtd.conf
  echo 'cgroup_controllers = [ ]' >> /etc/libvirt/qemu.conf
fi

libvirtd -f /etc/libvirt/libvirtd.conf > "$log" 2>&1 &
daemon=$!
for try in $(seq 150); do
  virsh --connect qemu:///system version > /dev/null 2>&1 && break
  if ! kill -0 "$daemon" 2> /dev/null || [ "$try" = 150 ]; then
    echo "libvirtd did not come up:" >&2
    tail -20 "$log" >&2
    exit 1
  fi
  sleep 0.2
done

"$@" &
status=0
wait $! || status=$?
exit "$status"
