# What the wrappers of this directory share. Read by bash, only where a PINFOLD section was found or after the
# stock script worked.
#
# driver.conf beside policy.yaml (remotes/etc/vmm/kvm/pinfold/) may set:
#   PINFOLD_NODE          the Node to run (default: node on the PATH)
#   PINFOLD_HOOK          Pinfold's hook (default: pinfold/hook-opennebula.cjs in this directory)
#   PINFOLD_WHEN_ABSENT   strict (default) or float: what happens to a VM with a PINFOLD section while Pinfold is
#                         missing, broken or slower than PINFOLD_TIMEOUT; ON_REFUSAL in the section goes first
#   PINFOLD_STATE_DIR     where the ledger is (default: /run/pinfold, else /var/tmp/one-pinfold)
#   PINFOLD_TIMEOUT       seconds that a decision may take (default 20), half of which it may wait for its
#                         turn; the launch itself may take longer

pinfold_scripts=$(cd "$here/../.." 2>/dev/null && pwd)
PINFOLD_ETC_DIR=$pinfold_scripts/etc/vmm/kvm/pinfold
PINFOLD_KVM_DIR=$pinfold_scripts/vmm/kvm
# In a shell of its own: whatever driver.conf does, it ends no wrapper.
[ ! -r "$PINFOLD_ETC_DIR/driver.conf" ] || eval "$(
    . "$PINFOLD_ETC_DIR/driver.conf" >/dev/null 2>&1
    for name in PINFOLD_NODE PINFOLD_HOOK PINFOLD_WHEN_ABSENT PINFOLD_STATE_DIR PINFOLD_TIMEOUT; do
        [ -z "${!name}" ] || printf '%s=%q\n' "$name" "${!name}"
    done
)"
[ -z "$PINFOLD_STATE_DIR" ] || export PINFOLD_STATE_DIR
export PINFOLD_TIMEOUT="${PINFOLD_TIMEOUT:-20}"
# The URI as the stock scripts have it; in a shell of its own, because kvmrc may hold anything.
LIBVIRT_URI=$(. "$pinfold_scripts/etc/vmm/kvm/kvmrc" >/dev/null 2>&1; printf '%s' "$LIBVIRT_URI")
[ -n "$LIBVIRT_URI" ] || LIBVIRT_URI=qemu:///system
export PINFOLD_ETC_DIR PINFOLD_KVM_DIR LIBVIRT_URI

pinfold_hook() {
    timeout --foreground --preserve-status "$PINFOLD_TIMEOUT" \
        "${PINFOLD_NODE:-node}" "${PINFOLD_HOOK:-$here/pinfold/hook-opennebula.cjs}" "$@"
}

# strict or float, for a VM whose Pinfold is out of order: its own section, then driver.conf, then strict.
pinfold_when_absent() {
    local section=${1#*<PINFOLD>}
    section=${section%%</PINFOLD>*}
    case ${section,,} in
    *'<on_refusal>float<'* | *'<on_refusal><![cdata[float]]>'*) echo float ;;
    *'<on_refusal>'*) echo strict ;;
    *) [ "${PINFOLD_WHEN_ABSENT,,}" = float ] && echo float || echo strict ;;
    esac
}

# pinfold_guarded ACTION TEXT_WITH_SECTION ARGUMENTS…: standard input goes to the hook, and to the stock script when
# the hook is out of order and the guest may float. The hook ends its messages with "pinfold-done CODE": without
# that line it did not come to an end of its own. Before it launches it says "pinfold-launching" and from then on ignores the
# time limit's signal: what was cut off before launched nothing, and what died later is never launched a second time.
pinfold_guarded() {
    local action=$1 section=$2 input messages verdict launching=no
    shift 2
    input=$(cat && printf x)
    input=${input%x}
    exec 4>&1
    messages=$(printf '%s' "$input" | PINFOLD_SHIM=1 pinfold_hook "$action" "$@" 2>&1 >&4 4>&-)
    exec 4>&-
    [[ $messages == *pinfold-launching* ]] && launching=yes
    messages=${messages#pinfold-launching}
    messages=${messages#$'\n'}
    verdict=${messages##*pinfold-done }
    case $verdict in
    '' | *[!0-9]*) ;;
    *)
        printf '%s' "${messages%pinfold-done *}" >&2
        exit "$verdict"
        ;;
    esac
    if [ "$launching" = yes ] && [[ $action == migrate* ]]; then
        echo "Pinfold was killed while the VM migrated, so the VM may run on this host or on $2: look with \"virsh list\" on both, then run \"onevm recover\" for where it is. " >&2
        exit 1
    fi
    if [ "$launching" = yes ]; then
        echo "Pinfold was killed while it launched the VM, so the VM may run on this host or come up in a moment: look with \"virsh list\" here, and stop it or recover it before it is started again. " >&2
        exit 1
    fi
    if [[ $action == migrate* ]]; then
        pinfold_migrate_alone "$section" || exit 1
        printf '%s' "$input" | "$here/../kvm/$action" "$@"
        exit
    fi
    if [ "$(pinfold_when_absent "$section")" = float ]; then
        echo "WARN: pinfold: Pinfold is missing, broken or too slow on this host, so the VM starts without a placement; run \"pinfold doctor\" here." >&2
        printf '%s' "$input" | "$here/../kvm/$action" "$@"
        exit
    fi
    echo "The VM has a PINFOLD section, but Pinfold is missing, broken or too slow on this host, so it was not started: run \"pinfold doctor\" here, or set ON_REFUSAL=\"float\" in the section to start without a placement. " >&2
    exit 1
}

# What is said of a migration whose hook is out of order; fails where the VM must stay.
pinfold_migrate_alone() {
    if [ "$(pinfold_when_absent "$1")" = float ]; then
        echo "WARN: pinfold: Pinfold is missing, broken or too slow on this host, so the VM migrates with the pins that it has here; run \"pinfold doctor\" here and \"pinfold reconcile\" on the other host." >&2
        return 0
    fi
    echo "The VM has a PINFOLD section, but Pinfold is missing, broken or too slow on this host, so it was not migrated: run \"pinfold doctor\" here, or set ON_REFUSAL=\"float\" in the section to migrate it with the pins that it has. " >&2
    return 1
}

# After a stock script that worked: never changes its outcome, and does nothing where Pinfold holds nothing.
pinfold_after() {
    local folder
    for folder in ${PINFOLD_STATE_DIR:+"$PINFOLD_STATE_DIR"} /run/pinfold /var/tmp/one-pinfold; do
        [ -s "$folder/ledger.json" ] || continue
        pinfold_hook "$@" </dev/null 2>&1 >/dev/null | sed -n '/^\(INFO\|WARN\): /p' >&2
        return
    done
}

# pinfold_migrate ACTION ARGUMENTS…: a guest that Pinfold knows goes through the hook, and the wrapper ends with it. Any
# other is left to the wrapper, with its standard input untouched but for a message that was read to find that out.
pinfold_migrate() {
    local action=$1 message section
    shift
    message=$(cat && printf x)
    message=${message%x}
    section=$message
    case $message in
    *'<PINFOLD>'*) ;;
    *)
        if ! pinfold_holds "one-$4"; then
            printf '%s' "$message" | "$here/../kvm/$action" "$@"
            exit
        fi
        # Its section was taken out while it ran, so that nothing of Pinfold may keep it here.
        section='<PINFOLD><ON_REFUSAL>float</ON_REFUSAL></PINFOLD>'
        ;;
    esac
    export MIGRATE_OPTIONS PINFOLD_DRIVER_DIR
    MIGRATE_OPTIONS=$( (. "$pinfold_scripts/etc/vmm/kvm/kvmrc" >/dev/null 2>&1; printf '%s' "$MIGRATE_OPTIONS") )
    PINFOLD_DRIVER_DIR=$(cd "$here" && pwd)
    printf '%s' "$message" | pinfold_guarded "$action" "$section" "$@"
    exit
}

# Whether this host's ledger has a guest of this name.
pinfold_holds() {
    local folder
    for folder in ${PINFOLD_STATE_DIR:+"$PINFOLD_STATE_DIR"} /run/pinfold /var/tmp/one-pinfold; do
        [ -s "$folder/ledger.json" ] || continue
        grep -qF "\"vm\":\"$1\"" "$folder/ledger.json"
        return
    done
    return 1
}
