# Shell helpers of the drivers on a host. Re-created from their contract: PATH is put in front (opennebula-libvirt
# drivers reset it), the locale is C, `LEVEL: script: text` on standard error becomes a log line, and any other line
# there becomes part of the failure text that the user reads.

export PATH=/bin:/sbin:/usr/bin:$PATH
export LANG=C

SCRIPT_NAME=$(basename "$0")

log_info() { echo "INFO: $SCRIPT_NAME: $1" >&2; }
log_error() { echo "ERROR: $SCRIPT_NAME: $1" >&2; }
log_debug() { echo "DEBUG: $SCRIPT_NAME: $1" >&2; }
error_message() { echo "$1" >&2; }

# exec_and_log COMMAND [MESSAGE]: runs it silently; when it fails, its output is logged and the script ends.
exec_and_log() {
  local output code
  output=$(bash -c "$1" 2>&1 >/dev/null)
  code=$?
  if [ $code -ne 0 ]; then
    log_error "Command \"$1\" failed: $output"
    error_message "${2:-$output}"
    exit $code
  fi
}
