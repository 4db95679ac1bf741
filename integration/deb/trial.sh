#!/bin/bash
# What becomes of a machine that gets the package and loses it again. Called by run.ts in a mount namespace of its own:
#   trial.sh FOLDER     with first/pinfold_*.deb in FOLDER
# The machine's root is covered by an overlay whose upper layer is memory: what a package writes is there, and nowhere else.
set -u
work=$1/overlay
root=$work/root
packages=("$1"/first/*.deb)
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

mount --make-rprivate /
mkdir -p "$work"
mount -t tmpfs -o size=1g none "$work" || exit 1
mkdir "$work/upper" "$work/scratch" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/scratch" overlay "$root" || {
    echo "This kernel mounts no overlay here, so the package was not tried." >&2
    exit 1
}
mount -t proc none "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
mount -t tmpfs none "$root/run"
cp "${packages[0]}" "$root/var/tmp/pinfold.deb"

inside() { chroot "$root" "$@"; }
ok() { echo "  ok     $1"; }
failed() {
    echo "  FAILED $1"
    [ -z "${2:-}" ] || printf '%s\n' "$2" | sed 's/^/         /' | head -40
}
# check WHAT COMMAND…: the command must succeed.
check() {
    local what=$1 said
    shift
    if said=$("$@" 2>&1); then ok "$what"; else failed "$what" "$said"; fi
}
# equal WHAT IS WANTED
equal() { if [ "$2" = "$3" ]; then ok "$1"; else failed "$1" "is \"$2\", wanted \"$3\""; fi; }
# Every path of the overlay and of /run but what dpkg, apt and man keep for themselves.
written() {
    (cd "$work/upper" && find . -mindepth 1 ! -path './var/lib/dpkg*' ! -path './var/lib/apt*' ! -path './var/log*' \
        ! -path './var/cache*' ! -path './var/tmp*' ! -path './tmp*' ! -type d -printf '/%P %l\n')
    (cd "$root/run" && find . -mindepth 1 ! -path './lock*' -printf '/run/%P\n')
    (cd "$work/upper" && find . -type d -name '*pinfold*' ! -path './etc/pve*' ! -path './tmp*' -printf '/%P/\n')
}

# A node of Proxmox VE as far as the package looks at it: its storage, its cluster file system; and OpenNebula's user.
mkdir -p "$root/var/lib/vz" "$root/etc/pve/nodes/$(uname -n)/qemu-server" "$root/etc/pve/pinfold"
configs=$root/etc/pve/nodes/$(uname -n)/qemu-server
# Node.js may be here from elsewhere than Debian; what the package needs besides is not its own trace.
inside apt-get -q -y install --no-install-recommends numactl > "$work/log" 2>&1 || cat "$work/log"
before=$(written | sort)

if inside dpkg -i /var/tmp/pinfold.deb > "$work/log" 2>&1; then ok 'dpkg installs it'; else failed 'dpkg installs it' "$(cat "$work/log")"; fi
equal 'it is configured' "$(inside dpkg-query -W -f '${db:Status-Status}' pinfold)" installed
check 'dpkg finds every file as it was packed' inside dpkg --verify pinfold
check 'what a package writes is seen here' test "$(written | grep -c /usr/share/pinfold/)" -gt 30
check 'pinfold runs' inside pinfold --version
check 'the doctor finds the node in order' inside pinfold doctor
inside pinfold doctor --json > "$work/doctor.json"
state() { node -e 'const {checks} = JSON.parse(require("fs").readFileSync(process.argv[1])); console.log(checks.find(({id}) => id === process.argv[2]).state)' "$work/doctor.json" "$1"; }
for id in node-version engine snippet node-lock other-nodes; do equal "check $id" "$(state $id)" ok; done
check 'the hook script is executable' test -x "$root/var/lib/vz/snippets/pinfold"
equal 'the state folder' "$(stat -c '%a %U' "$root/run/pinfold")" '2770 root'
check 'the node says that it has Pinfold' test -s "$root/etc/pve/pinfold/installed/$(uname -n | cut -d. -f1)"
check 'the timer is enabled' test -L "$root/etc/systemd/system/timers.target.wants/pinfold-reconcile.timer"
if inside sh -c 'command -v man' > /dev/null; then
    check 'the manual is readable' inside sh -c 'MANWIDTH=80 man pinfold | grep -q "pinfold doctor"'
    equal 'groff has nothing to say of the manual' "$(inside sh -c 'zcat /usr/share/man/man1/pinfold.1.gz | groff -man -Tutf8 -ww -K utf8 2>&1 > /dev/null')" ''
fi
check 'bash completes' inside bash -c 'source /usr/share/bash-completion/completions/pinfold; COMP_WORDS=(pinfold doc); COMP_CWORD=1; _pinfold; [ "${COMPREPLY[*]}" = doctor ]'

# A start of a VM without a policy, and of one while the engine is gone.
printf 'cores: 1\nmemory: 64\n' > "$configs/100.conf"
check 'the hook script lets a VM without a policy start' inside /var/lib/vz/snippets/pinfold 100 pre-start
check 'the engine for OpenNebula is found by its installer' inside sh -c 'mkdir -p /tmp/remotes/vmm/kvm && touch /tmp/remotes/vmm/kvm/deploy && /usr/share/pinfold/opennebula/install /tmp/remotes && test -f /tmp/remotes/vmm/kvmpinfold/pinfold/hook-opennebula.cjs'

# An upgrade keeps what was decided and leaves no code of the version before.
touch "$root/usr/share/pinfold/run-phase.cjs.1-2-v18.0.0-x64.cache"
echo '{}' > "$root/run/pinfold/marker"
check 'the same version installs over itself' inside dpkg -i /var/tmp/pinfold.deb
check 'the state outlives an upgrade' test -e "$root/run/pinfold/marker"
equal 'no compiled code of the version before' "$(ls "$root"/usr/share/pinfold/*1-2-v18* 2> /dev/null)" ''

# While a VM names the hook script, it stays, says why, and lets that VM start.
printf 'cores: 1\nhookscript: local:snippets/pinfold\nmemory: 64\n' > "$configs/101.conf"
printf 'cores: 1\nmemory: 64\n\n[snap]\nhookscript: local:snippets/pinfold\n' > "$configs/102.conf"
said=$(inside dpkg -r pinfold 2>&1)
equal 'removing names the VM that is attached' "$(grep -c 'hook script: 101\. ' <<< "$said")" 1
check 'the hook script of an attached VM stays' test -x "$root/var/lib/vz/snippets/pinfold"
check 'that VM starts without the engine' inside /var/lib/vz/snippets/pinfold 101 pre-start
mkdir -p "$root/etc/pve/pinfold/strict" && touch "$root/etc/pve/pinfold/strict/101"
if inside /var/lib/vz/snippets/pinfold 101 pre-start > "$work/log"; then failed 'a strict one does not'; else ok 'a strict one does not'; fi
rm -r "$root/etc/pve/pinfold/strict"
rm "$configs/101.conf"

# Without such a VM nothing stays, neither after removing nor after purging.
check 'it installs again' inside dpkg -i /var/tmp/pinfold.deb
check 'it is removed' inside dpkg -r pinfold
rm -rf "$configs" "$root/tmp/remotes"
mkdir -p "$configs" "$root/etc/pve/pinfold"
after=$(written | sort)
equal 'nothing stays behind' "$(diff <(echo "$before") <(echo "$after"))" ''
check 'it is purged without a question' inside dpkg -P pinfold
equal 'dpkg does not know it any more' "$(inside dpkg-query -W -f '${db:Status-Status}' pinfold 2> /dev/null)" ''
echo 'the trial came to its end'
