# An edge in a container, as deploy/docker/edge.yml starts it: enrolled, killed, replaced by a new container, backed up and
# stopped. The image is the Dockerfile's stage `edge`, on a bare root in place of Debian's image and with the package's
# program in place of the stage that builds one.
repository=$(cd "$(dirname "$0")/../.." && pwd)

# Limits that an engine without its usual rights may also set.
export CONTAINERS_CONF=$work/containers.conf
cat > "$CONTAINERS_CONF" <<TEXT
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
TEXT

project=holdfast-drill
container=

build_image() {
    local recipe=$repository/deploy/docker/Dockerfile base built=$work/build-edge
    base=$(awk '$1 == "FROM" && $4 == "edge" { print $2 }' "$recipe")
    mkdir -p "$built/src/target/release"
    dpkg-deb --extract "$deb" "$work/package"
    cp "$work/package/usr/bin/holdfast-edge" "$built/src/target/release/"
    tar --directory "$first_root" --create . | podman import --quiet - localhost/holdfast-drill-base
    podman build --quiet --layers=false --isolation chroot --target edge --tag "localhost/${project}_edge" \
        --build-context "$base=container-image://localhost/holdfast-drill-base" \
        --build-context "build-edge=$built" --file "$recipe" "$repository"
}

compose() {
    HOLDFAST__EDGE__NAME=$name HOLDFAST__EDGE__REGION=NORTH HOLDFAST__EDGE__GATEWAY_URL=$gateway \
        python3 -m podman_compose --project-name $project --file "$repository/deploy/docker/edge.yml" "$@"
}
read_container() { podman container inspect --format "$1" "$container"; }
# Creates the container, and takes it to hand as if it were a machine.
start_container() { # CONDITION MESSAGE
    local data
    compose up --detach --no-build
    container=$(podman container list --all --quiet --filter label=com.docker.compose.project=$project)
    [ -n "$container" ] || fail "there is no container"
    data=$(podman volume inspect --format '{{.Mountpoint}}' "${project}_edge-data")
    ln --symbolic --force --no-dereference "$data" "$root/var/lib/holdfast-edge/data"
    await_standing "$1" "$2"
}
await_restart() { # PID_BEFORE
    local pid
    for _ in $(seq 150); do
        pid=$(read_container '{{.State.Pid}}')
        if [ "$pid" -gt 0 ] && [ "$pid" != "$1" ]; then
            await_standing '.link.up | not' "the edge in the container does not start again"
            return
        fi
        sleep 0.2
    done
    fail "the engine does not start the edge again"
}
# After a failure the newest lines of its log come first.
end_container() { # STATUS
    [ "$1" -eq 0 ] || [ -z "$container" ] || podman container logs --tail 40 "$container" >&2 || true
    remove_container || true
}
remove_container() {
    compose down --volumes --timeout 0 >> "$work/containers.log" 2>&1
    podman image rm --force "localhost/${project}_edge" localhost/holdfast-drill-base >> "$work/containers.log" 2>&1
}

run_in_a_container() {
    local pid
    name=north-7 box=container root=$work/container tablets=$work/container/tablets
    https_ports[$box]=8443
    mkdir -p "$root/var/lib/holdfast-edge" "$tablets"
    HOLDFAST__EDGE__ENROLMENT_CODE=$(cloud enrol NORTH "$name" --json | jq -r .code) \
        start_container '.link.up and (.suspect | not)' "the edge in the container has no link"

    podman exec "$container" \
        grep -E '^(Uid:.10001.10001.*|Cap(Prm|Eff|Bnd):.0{16}|NoNewPrivs:.1|Seccomp:.2)$' /proc/1/status > "$work/container-sandbox"
    [ "$(wc -l < "$work/container-sandbox")" = 6 ] || fail "the edge in the container has rights that it does not need"
    podman exec "$container" touch /var/lib/holdfast-edge/written && fail "the files of the image can be changed"

    sign_in customer
    cut_link
    publish before-the-kill
    pid=$(read_container '{{.State.Pid}}')
    kill -KILL "$pid"
    await_restart "$pid"
    publish before-the-new-container
    compose down
    start_container '.link.up | not' "the new container does not start"
    heal_link
    settle before-the-kill before-the-new-container
    check_arrived_once before-the-kill before-the-new-container

    # As the comment in the compose file says.
    compose exec -T edge holdfast-edge backup /var/lib/holdfast-edge/data/backup-1
    podman stop "$container"
    [ "$(read_container '{{.State.ExitCode}}')" = 0 ] || fail "the edge in the container did not stop cleanly"
}
