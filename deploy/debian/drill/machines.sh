# The machines of the drill: bare roots that boot with their own systemd, as containers with this host's network. One
# of them is at hand at a time, as for a person who sits in front of it; the others run on.
declare -A roots=() containers=() inits=() https_ports=()
box=

# Gives a new machine its root and takes it to hand.
take_machine() { # NAME ROOT
    roots[$1]=$2
    containers[$1]=
    inits[$1]=
    https_ports[$1]=8443
    turn_to "$1"
}
turn_to() { # NAME
    box=$1
    root=${roots[$box]}
}

inside() {
    nsenter --target "${inits[$box]}" --all -- env --ignore-environment HOME=/root LANG=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}
# For a machine that runs beside another one: they share the ports of this host.
give_other_ports() {
    sed -i 's/:8443"/:9443"/; s/:8883"/:9883"/; s/:80"/:9080"/; s/:8102"/:9102"/; s/:8103"/:9103"/' \
        "$root/etc/holdfast/edge.toml"
    https_ports[$box]=9443
}

# Two machines in one control group would stop each other's units.
list_control_groups() {
    local hierarchy
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
        [ ! -e "$hierarchy/cgroup.procs" ] || echo "$hierarchy/holdfast-drill-$box"
    done
}
run_container() {
    local group
    for group in $(list_control_groups); do
        mkdir -p "$group"
        echo "$BASHPID" > "$group/cgroup.procs"
    done
    exec systemd-nspawn --quiet --boot --directory="$root" --machine="holdfast-drill-$box" --register=no --keep-unit \
        --settings=no --link-journal=no --console=pipe < /dev/null >> "$work/console-$box.log" 2>&1
}
# Returns once the machine has started everything, which includes an edge that is set up.
boot() {
    local container
    run_container &
    container=$!
    containers[$box]=$container
    until inits[$box]=$(pgrep --parent "$container" --exact systemd) && inside test -S /run/systemd/private; do
        kill -0 "$container" 2> /dev/null || fail "the machine did not boot"
        sleep 0.2
    done
    inside timeout 180 systemctl is-system-running --wait || fail "a unit of the machine has failed"
}
cut_power() {
    kill -KILL "${inits[$box]}"
    wait "${containers[$box]}" || true
    containers[$box]=
}
reboot() {
    inside systemctl reboot
    local ending=0
    wait "${containers[$box]}" || ending=$?
    # The container's way to ask for another start.
    [ "$ending" = 133 ] || fail "the machine ended with $ending instead of a reboot"
    boot
}
# Ends all machines. After a failure the newest lines of their journals come first.
end_machines() { # STATUS
    local name
    for name in "${!containers[@]}"; do
        [ -n "${containers[$name]}" ] || continue
        turn_to "$name"
        if [ "$1" -ne 0 ]; then
            printf '\nThe journal of the %s machine:\n' "$name" >&2
            inside journalctl --no-pager --quiet --lines=40 >&2 || true
        fi
        cut_power || true
    done
    for name in "${!roots[@]}"; do
        turn_to "$name"
        list_control_groups | while read -r group; do
            find "$group" -depth -type d -exec rmdir {} + 2> /dev/null || true
        done
    done
}

install_package() { # DEB [OPTION...]
    cp "$1" "$root/srv/edge.deb"
    inside apt-get -qq -o Dpkg::Use-Pty=0 install -y --no-install-recommends "${@:2}" /srv/edge.deb
}
read_property() { inside systemctl show --property "$1" --value "$unit"; }
await_change() { # Of a property of the unit, from the value before.
    for _ in $(seq "$3"); do
        if [ "$(read_property "$1")" != "$2" ]; then return; fi
        sleep 0.2
    done
    fail "$1 of the unit stays $2"
}
# What the edge has written to the log since it was installed.
read_log() { inside journalctl --quiet --no-pager --output cat --unit "$unit"; }
await_log() { # TEXT
    for _ in $(seq 150); do
        if grep -q "$1" <<< "$(read_log)"; then return; fi
        sleep 0.2
    done
    fail "the log does not say \"$1\""
}
# What `holdfast-box status` says after the lines of systemd.
read_report() { inside holdfast-box status --json | sed -n '/^{/,$p' | jq -r "$1"; }
set_up() { inside holdfast-box set-up "$1" NORTH "$gateway" <<< "$2"; }
refuse_set_up() { # NAME CODE REASON
    local said
    said=$(set_up "$1" "$2" 2>&1) && fail "set-up of $1 works, but should not"
    echo "$said"
    grep -q "$3" <<< "$said" || fail "set-up does not say \"$3\""
}
# Copies the edge, and prints the folder that the program names, as its reader would note it.
back_up() {
    local said
    said=$(inside holdfast-box backup) || fail "there is no backup"
    sed -n 's/^Copied edge `.*` to \(\/[^ ]*\)\. .*/\1/p' <<< "$said"
}
