#!/bin/bash
# The life of a shop's machine, in bare Debian roots that boot with their own systemd: the package is installed, set up,
# killed, rebooted, upgraded, rolled back, backed up, restored, moved, replaced and removed, as the page for the shop says.
#
#   drill.sh ROOT DEB NEWER_DEB ARM64_DEB PROGRAMS
#
# ROOT is the new root with systemd in it, and PROGRAMS the folder of `holdfast` and `holdfast-stack`. The machines are
# containers with this host's network, so they reach the platform on loopback. At the end an edge runs from the container
# image, and the edge of the arm64 package in an emulator.
set -Eeuo pipefail
first_root=$1 deb=$2 newer=$3 arm64_deb=$4 programs=$5
name=north-9
unit=holdfast-edge.service
backup=/var/backups/holdfast-edge/drill
work=$(mktemp -d)
export HOLDFAST_CONTEXT_DIR=$work/context
# The emulated edge, the platform and its gateway, as far as they have started.
emulated=
platform=
gateway=

say() { printf '\n%s\n' "$1"; }
fail() { echo "drill: $1" >&2; exit 1; }
cloud() { "$programs/holdfast" --url "$gateway" "$@"; }

parts=$(dirname "$0")/drill
. "$parts/machines.sh"
. "$parts/tablets.sh"
. "$parts/recovery.sh"
. "$parts/container.sh"

cleanup() {
    status=$?
    end_machines "$status"
    end_container "$status"
    [ "$status" -eq 0 ] || tail -n 20 "$work"/*.log >&2 || true
    [ -z "$emulated" ] || kill -KILL "$emulated" || true
    if [ -n "$platform" ]; then
        kill -INT "$platform" 2> /dev/null || true
        wait "$platform" 2> /dev/null || true
    fi
    rm -rf "$work" "$first_root.second" "$first_root.third"
}
trap cleanup EXIT
trap 'echo "drill: this failed: $BASH_COMMAND" >&2' ERR

say "A platform"
ready=$work/ready.json
# One provider does the work of many.
HOLDFAST__ORDER__OPEN_JOBS_MAX=0 HOLDFAST__ORDER__ACCEPTANCES_A_DAY_MAX=0 "$programs/holdfast-stack" up --ephemeral --free-ports --ready-file "$ready" > "$work/platform.log" 2>&1 &
platform=$!
until [ -s "$ready" ]; do
    kill -0 "$platform" 2> /dev/null || fail "the platform did not start"
    sleep 0.2
done
gateway=$(jq -r .gateway "$ready")
admin=$(jq -r '[.sign_ins[] | select(.role == "admin")][0].username' "$ready")
jq -r '[.sign_ins[] | select(.role == "admin")][0].password' "$ready" | cloud login "$admin" --password-stdin

say "Container image"
build_image

say "Install"
for copy in second third; do
    rm -rf "$first_root.$copy"
    cp -a --reflink=auto "$first_root" "$first_root.$copy"
done
take_machine first "$first_root"
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
sign_in customer
sign_in provider

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

say "Roll back to a version that reads the file"
pid=$(read_property MainPID)
install_package "$deb" --allow-downgrades
[ "$(read_property MainPID)" != "$pid" ] || fail "the newer version still runs"
await_link
[ "$(read_report .epoch)" = 1 ] || fail "an upgrade began another epoch"

say "Roll back to a version that cannot read the file"
go_back_to_an_older_version

say "Back up and restore"
restore_a_backup

say "Move to another machine"
move_to_another_machine
start_the_former_machine_too

say "Replace a broken machine"
replace_a_broken_machine
start_the_replaced_machine_too
check_all_commands

say "Remove"
inside apt-get -qq -o Dpkg::Use-Pty=0 remove -y holdfast-edge
install_package "$deb"
await_link
inside apt-get -qq -o Dpkg::Use-Pty=0 purge -y holdfast-edge
pgrep --exact holdfast-edge --ns "${inits[$box]}" --nslist pid && fail "a purge left the edge running"
[ -e "$root/var/lib/holdfast-edge/data/db/edge.db" ] || fail "a purge took the edge's log with it"
[ ! -e "$root/etc/holdfast/edge.env" ] || fail "a purge left the code"
reboot
cut_power

say "Container"
run_in_a_container

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
