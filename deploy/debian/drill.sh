#!/bin/bash
# The life of a shop's machine, in a bare Debian root with the package alone: installed, set up, rebooted, upgraded, rolled
# back, backed up, restored, removed.
#
#   drill.sh ROOT DEB NEWER_DEB PROGRAMS
#
# ROOT is the new root, and PROGRAMS the folder of `holdfast` and `holdfast-stack`. There is no systemd in the root, so this
# script starts what the unit file says.
set -euo pipefail
root=$1 deb=$2 newer=$3 programs=$4
name=north-9
work=$(mktemp -d)
export HOLDFAST_CONTEXT_DIR=$work/context
edge=
platform=

say() { printf '\n%s\n' "$1"; }
fail() { echo "drill: $1" >&2; exit 1; }
inside() { chroot "$root" "$@"; }
install_package() {
    cp "$1" "$root/tmp/edge.deb"
    inside env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "${@:2}" /tmp/edge.deb
}
unit() { sed -n "s/^$1=//p" "$root/usr/lib/systemd/system/holdfast-edge.service" "$root/lib/systemd/system/holdfast-edge.service" 2>/dev/null | head -n 1; }

# As the unit does it: the same user, command, folder and environment.
start_edge() {
    local environment command
    mapfile -t environment < "$root$(unit EnvironmentFile)"
    read -ra command <<< "$(unit ExecStart)"
    chroot "$root" env --chdir="$(unit WorkingDirectory)" "${environment[@]}" \
        setpriv --reuid="$(unit User)" --regid="$(unit Group)" --clear-groups \
        --ambient-caps=+net_bind_service --inh-caps=+net_bind_service "${command[@]}" >> "$root/var/log/edge.log" 2>&1 &
    edge=$!
}
stop_edge() {
    kill "-$1" "$edge" 2> /dev/null || true
    wait "$edge" 2> /dev/null || true
    edge=
}
cleanup() {
    status=$?
    [ -z "$edge" ] || stop_edge KILL
    [ "$status" -eq 0 ] || tail -n 20 "$root/var/log/edge.log" "$work/platform.log" >&2 || true
    if [ -n "$platform" ]; then
        kill -INT "$platform" 2> /dev/null || true
        wait "$platform" 2> /dev/null || true
    fi
    rm -rf "$work"
}
trap cleanup EXIT

cloud() { "$programs/holdfast" --url "$gateway" "$@"; }
# As a tablet in the shop reads it.
standing() {
    curl --silent --fail --max-time 2 --cacert "$root/var/lib/holdfast-edge/data/shop-ca.pem" \
        --resolve "$name.local:8443:127.0.0.1" "https://$name.local:8443/standing"
}
await_link() {
    for _ in $(seq 300); do
        if standing | jq -e '.link.up and (.suspect | not)' > /dev/null; then return; fi
        kill -0 "$edge" 2> /dev/null || fail "the edge has ended"
        sleep 0.2
    done
    fail "the edge has no link"
}
epoch() { inside holdfast-box status --json | jq .epoch; }
last_seq() { inside holdfast-box status --json | jq .last_seq; }

say "A platform"
ready=$work/ready.json
"$programs/holdfast-stack" up --ephemeral --free-ports --ready-file "$ready" > "$work/platform.log" 2>&1 &
platform=$!
until [ -s "$ready" ]; do
    kill -0 "$platform" 2> /dev/null || fail "the platform did not start"
    sleep 0.2
done
gateway=$(jq -r .gateway "$ready")
admin=$(jq -r '[.sign_ins[] | select(.role == "admin")][0].username' "$ready")
jq -r '[.sign_ins[] | select(.role == "admin")][0].password' "$ready" | cloud login "$admin" --password-stdin

say "Install"
install_package "$deb"
[ "$(inside stat -c %U:%a /var/lib/holdfast-edge)" = holdfast-edge:700 ] || fail "the data folder is open to others"
inside holdfast-box status && fail "there is no edge yet"

say "Set up"
code=$(cloud enrol NORTH "$name" --json | jq -r .code)
inside holdfast-box set-up "$name-mistyped" NORTH "$gateway" <<< "$code"
start_edge
wait "$edge" && fail "the edge runs under a name that the code is not for"
edge=
grep -q "is not for edge" "$root/var/log/edge.log" || fail "the edge does not say that the name is wrong"
inside holdfast-box set-up "$name" NORTH "$gateway" <<< "$code"
[ "$(stat -c %a "$root/etc/holdfast/edge.env")" = 600 ] || fail "others can read the code"
start_edge
await_link
first=$(last_seq)

say "Power cut"
stop_edge KILL
start_edge
await_link
[ "$(epoch)" = 1 ] || fail "a power cut began another epoch"
[ "$(last_seq)" -gt "$first" ] || fail "the start is not in the log"

say "Upgrade"
install_package "$newer"
stop_edge TERM
start_edge
await_link

say "Roll back"
install_package "$deb" --allow-downgrades
stop_edge TERM
start_edge
await_link
[ "$(epoch)" = 1 ] || fail "an upgrade began another epoch"

say "Back up"
inside holdfast-box backup /var/backups/holdfast-edge/drill
inside holdfast-box backup /var/backups/holdfast-edge/drill && fail "a backup was overwritten"
stop_edge TERM
start_edge
await_link

say "Restore"
stop_edge KILL
inside holdfast-box restore /var/backups/holdfast-edge/drill
start_edge
await_link
[ "$(epoch)" = 2 ] || fail "the restore was not noticed"
inside sh -c 'ls -d /var/lib/holdfast-edge/data.before-*' > /dev/null || fail "the former data is gone"

say "Remove"
stop_edge TERM
inside env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 purge -y holdfast-edge
[ -e "$root/var/lib/holdfast-edge/data/db/edge.db" ] || fail "a purge took the edge's log with it"
[ ! -e "$root/etc/holdfast/edge.env" ] || fail "a purge left the code"
say "The machine went through its whole life."
