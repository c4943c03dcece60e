#!/bin/bash
# The life of a shop's machine, in a bare Debian root that boots with its own systemd: the package is installed, set up,
# killed, rebooted, upgraded, rolled back, backed up, restored and removed, as the page for the shop says.
#
#   drill.sh ROOT DEB NEWER_DEB ARM64_DEB PROGRAMS
#
# ROOT is the new root with systemd in it, and PROGRAMS the folder of `holdfast` and `holdfast-stack`. The machine is a
# container with this host's network, so it reaches the platform on loopback. At the end the edge of the arm64 package
# runs in an emulator.
set -euo pipefail
root=$1 deb=$2 newer=$3 arm64_deb=$4 programs=$5
name=north-9
unit=holdfast-edge.service
backup=/var/backups/holdfast-edge/drill
work=$(mktemp -d)
export HOLDFAST_CONTEXT_DIR=$work/context
# The container, its PID 1 as this host sees it, the emulated edge, and the platform.
machine=
init=
emulated=
platform=

say() { printf '\n%s\n' "$1"; }
fail() { echo "drill: $1" >&2; exit 1; }

inside() {
    nsenter --target "$init" --all -- env --ignore-environment HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
# Returns once the machine has started everything, which includes an edge that is set up.
boot() {
    systemd-nspawn --quiet --boot --directory="$root" --machine=holdfast-drill --register=no --keep-unit --settings=no \
        --link-journal=no --console=pipe < /dev/null >> "$work/console.log" 2>&1 &
    machine=$!
    until init=$(pgrep --parent "$machine" --exact systemd) && inside test -S /run/systemd/private; do
        kill -0 "$machine" 2> /dev/null || fail "the machine did not boot"
        sleep 0.2
    done
    inside timeout 180 systemctl is-system-running --wait || fail "a unit of the machine has failed"
}
cut_power() {
    kill -KILL "$init"
    wait "$machine" || true
    machine=
}
reboot() {
    inside systemctl reboot
    local ending=0
    wait "$machine" || ending=$?
    # The container's way to ask for another start.
    [ "$ending" = 133 ] || fail "the machine ended with $ending instead of a reboot"
    boot
}
cleanup() {
    status=$?
    if [ -n "$machine" ]; then
        [ "$status" -eq 0 ] || inside journalctl --no-pager --quiet --lines=40 >&2 || true
        cut_power || true
    fi
    [ "$status" -eq 0 ] || tail -n 20 "$work"/*.log >&2 || true
    [ -z "$emulated" ] || kill -KILL "$emulated" || true
    if [ -n "$platform" ]; then
        kill -INT "$platform" 2> /dev/null || true
        wait "$platform" 2> /dev/null || true
    fi
    rm -rf "$work"
}
trap cleanup EXIT

install_package() {
    cp "$1" "$root/srv/edge.deb"
    inside apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "${@:2}" /srv/edge.deb
}
await_link() { # As a tablet in the shop reads it.
    for _ in $(seq 300); do
        if curl --silent --fail --max-time 2 --cacert "$root/var/lib/holdfast-edge/data/shop-ca.pem" \
            --resolve "$name.local:8443:127.0.0.1" "https://$name.local:8443/standing" |
            jq -e '.link.up and (.suspect | not)' > /dev/null; then return; fi
        sleep 0.2
    done
    fail "the edge has no link"
}
read_property() { inside systemctl show --property "$1" --value "$unit"; }
await_change() { # Of a property of the unit, from the value before.
    for _ in $(seq "$3"); do
        if [ "$(read_property "$1")" != "$2" ]; then return; fi
        sleep 0.2
    done
    fail "$1 of the unit stays $2"
}
# What `holdfast-box status` says after the lines of systemd.
read_report() { inside holdfast-box status --json | sed -n '/^{/,$p' | jq "$1"; }
cloud() { "$programs/holdfast" --url "$gateway" "$@"; }
set_up() { inside holdfast-box set-up "$1" NORTH "$gateway" <<< "$2"; }
refuse_set_up() { # NAME CODE REASON
    local said
    said=$(set_up "$1" "$2" 2>&1) && fail "set-up of $1 works, but should not"
    echo "$said"
    grep -q "$3" <<< "$said" || fail "set-up does not say \"$3\""
}

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
boot
install_package "$deb"
[ "$(inside stat -c %U:%a /var/lib/holdfast-edge)" = holdfast-edge:700 ] || fail "the data folder is open to others"
inside systemctl is-enabled "$unit" || fail "the edge would not start with the machine"
inside holdfast-box status && fail "there is no edge yet"
reboot

say "Set up"
code=$(cloud enrol NORTH "$name" --json | jq -r .code)
refuse_set_up "$name" "${code%-*}" "the code is incomplete"
refuse_set_up "$name" "AAAA${code:4}" "the cloud refuses edge.enrolment_code"
refuse_set_up "$name-mistyped" "$code" "is not for edge"
set_up "$name" "$code"
[ "$(stat -c %a "$root/etc/holdfast/edge.env")" = 600 ] || fail "others can read the code"
await_link
code=$(cloud edges rotate "$name" --json | jq -r .code)
refuse_set_up "$name" "${code%-*}" "the code is incomplete"
refuse_set_up "$name" "AAAA${code:4}" "with its former key"
refuse_set_up "$name-mistyped" "$code" "belongs to $name NORTH, and nothing was changed"
inside systemctl stop "$unit"
inside systemd-run --quiet --unit=other-server --socket-property=ListenStream=0.0.0.0:80 true
refuse_set_up "$name" "$code" "did not start: the address 0.0.0.0:80 is in use"
inside systemctl stop other-server.socket
set_up "$name" "$code"
await_link
first=$(read_report .last_seq)

say "Sandbox"
inside systemd-analyze verify "/usr/lib/systemd/system/$unit" || fail "systemd finds faults in the unit"
inside systemd-analyze --no-pager --threshold=16 security "$unit" > "$work/security" || {
    cat "$work/security" >&2
    fail "the sandbox has become weaker"
}
inside grep -E '^(Cap(Eff|Bnd):.0{13}400|NoNewPrivs:.1|Seccomp:.2)$' "/proc/$(read_property MainPID)/status" > "$work/sandbox"
[ "$(wc -l < "$work/sandbox")" = 4 ] || fail "the edge runs outside its sandbox"

say "Watchdog"
await_change WatchdogTimestampMonotonic "$(read_property WatchdogTimestampMonotonic)" 300
inside systemctl kill --signal=STOP "$unit"
await_change NRestarts 0 600
await_link

say "The edge is killed"
inside systemctl kill --signal=KILL "$unit"
await_change NRestarts 1 150
await_link

say "Reboot"
reboot
await_link

say "Power cut"
cut_power
boot
await_link
[ "$(read_report .epoch)" = 1 ] || fail "a power cut began another epoch"
[ "$(read_report .last_seq)" -gt "$first" ] || fail "the start is not in the log"

say "Upgrade"
pid=$(read_property MainPID)
install_package "$newer"
[ "$(read_property MainPID)" != "$pid" ] || fail "the former version still runs"
await_link

say "Roll back"
pid=$(read_property MainPID)
install_package "$deb" --allow-downgrades
[ "$(read_property MainPID)" != "$pid" ] || fail "the newer version still runs"
await_link
[ "$(read_report .epoch)" = 1 ] || fail "an upgrade began another epoch"

say "Back up"
inside holdfast-box backup "$backup"
inside holdfast-box backup "$backup" && fail "a backup was overwritten"
inside systemctl restart "$unit"
await_link

say "Restore"
inside sh -c "cd ${backup%/*} && holdfast-box restore ${backup##*/}"
await_link
[ "$(read_report .epoch)" = 2 ] || fail "the restore was not noticed"
inside sh -c 'ls -d /var/lib/holdfast-edge/data.before-*' > /dev/null || fail "the former data is gone"

say "Remove"
inside apt-get -qq -o Dpkg::Use-Pty=0 remove -y holdfast-edge
install_package "$deb"
await_link
inside apt-get -qq -o Dpkg::Use-Pty=0 purge -y holdfast-edge
pgrep --exact holdfast-edge --ns "$init" --nslist pid && fail "a purge left the edge running"
[ -e "$root/var/lib/holdfast-edge/data/db/edge.db" ] || fail "a purge took the edge's log with it"
[ ! -e "$root/etc/holdfast/edge.env" ] || fail "a purge left the code"
reboot
cut_power

say "arm64, emulated"
[ "$(dpkg-deb --field "$arm64_deb" Architecture)" = arm64 ] || fail "the package is not for arm64"
dpkg-deb --extract "$arm64_deb" "$work/arm64"
list_dependencies() { dpkg-deb --field "$1" Depends | sed 's/:arm64//g; s/ ([^)]*)//g'; }
[ "$(list_dependencies "$arm64_deb")" = "$(list_dependencies "$deb")" ] || fail "the arm64 package depends on other packages"
cat > "$work/arm64.toml" <<TEXT
[edge]
name = "north-8"
region = "NORTH"
gateway_url = "$gateway"
enrolment_code = "$(cloud enrol NORTH north-8 --json | jq -r .code)"
data = "$work/arm64/data"
TEXT
qemu-aarch64-static -L /usr/aarch64-linux-gnu "$work/arm64/usr/bin/holdfast-edge" --config "$work/arm64.toml" \
    > "$work/arm64.log" 2>&1 &
emulated=$!
for _ in $(seq 600); do
    if grep -q "The link is up" "$work/arm64.log"; then break; fi
    kill -0 "$emulated" 2> /dev/null || fail "the emulated edge has ended"
    sleep 0.2
done
grep -q "The link is up" "$work/arm64.log" || fail "the emulated edge has no link"
kill -TERM "$emulated"
wait "$emulated" || fail "the emulated edge did not stop cleanly"
emulated=
say "The machine went through its whole life."
