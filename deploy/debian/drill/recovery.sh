# Going back to an older version, restore, move and replacement, as the page for the shop says. Meanwhile people work: some
# of their commands are at a machine and at their tablet, some at the tablet alone.

# A complaint makes the program fail.
read_cloud_status() { cloud status 2>&1 || true; }
# The cloud complains of a restored edge until its operator has readmitted it.
readmit() {
    local complaint="! $name: it was restored from a copy"
    grep -q "$complaint" <<< "$(read_cloud_status)" || fail "the cloud does not say that the edge was restored"
    cloud readmit "$name"
    ! grep -q "$complaint" <<< "$(read_cloud_status)" || fail "the cloud still complains after the edge was readmitted"
}
await_new_epoch() { # BEFORE
    await_link
    [ "$(read_report .epoch)" -gt "$1" ] || fail "the restore was not noticed"
}

# Both packages have one program. So the drill does what the first start of a program with another schema does: it adds a
# table and counts the schema's number on, in one transaction.
migrate_further() {
    local file=$root/var/lib/holdfast-edge/data/db/edge.db
    inside systemctl stop "$unit"
    sqlite3 -bail "$file" "BEGIN; CREATE TABLE of_the_newer_version (one INTEGER) STRICT;
        PRAGMA user_version = $(($(sqlite3 "$file" 'PRAGMA user_version') + 1)); COMMIT;"
}
# Lists each file of the data folder with its hash. SQLite's own temporary files count as what the database holds with them.
list_data() {
    local data=$root/var/lib/holdfast-edge/data
    (cd "$data" && find . -type f ! -name '*-shm' ! -name '*-wal' -exec sha256sum {} + | sort -k 2)
    sqlite3 -readonly "$data/db/edge.db" .dump | sha256sum
}
go_back_to_an_older_version() {
    local folder epoch said
    folder=$(back_up)
    epoch=$(read_report .epoch)
    install_package "$newer"
    await_link
    publish by-the-newer-version
    settle by-the-newer-version
    cut_link
    publish waiting-in-the-newer-version
    migrate_further
    list_data > "$work/before"
    install_package "$deb" --allow-downgrades
    await_log "written by a newer version of holdfast-edge. Start that version again. To downgrade, restore a backup"
    await_change NRestarts "$(read_property NRestarts)" 150
    inside systemctl stop "$unit"
    list_data > "$work/after"
    diff "$work/before" "$work/after" || fail "the older version has changed the data of the newer one"
    said=$(inside holdfast-box status 2>&1) && fail "the older version reports from a newer file"
    grep -q "restore a backup from before the upgrade" <<< "$said" || fail "the report has no remedy: $said"
    cloud link heal NORTH
    inside holdfast-box restore "$folder"
    await_new_epoch "$epoch"
    settle by-the-newer-version waiting-in-the-newer-version
    check_arrived_once by-the-newer-version waiting-in-the-newer-version
    readmit
}

restore_a_backup() {
    local epoch commands
    commands=({published,accepted}-{before-the-backup,after-the-backup,after-the-restore})
    epoch=$(read_report .epoch)
    cut_link
    publish published-before-the-backup
    accept accepted-before-the-backup
    inside holdfast-box backup "$backup"
    inside holdfast-box backup "$backup" && fail "a backup was overwritten"
    publish published-after-the-backup
    accept accepted-after-the-backup
    inside sh -c "cd ${backup%/*} && holdfast-box restore ${backup##*/}"
    inside sh -c 'ls -d /var/lib/holdfast-edge/data.before-*' > /dev/null || fail "the former data is gone"
    await_standing .suspect "the restored edge does not know that it was restored"
    [ "$(read_report .pending)" = 2 ] || fail "the restored edge has other commands than those before the backup"
    publish published-after-the-restore
    accept accepted-after-the-restore
    heal_link
    await_new_epoch "$epoch"
    settle "${commands[@]}"
    check_arrived_once "${commands[@]}"
    readmit
}

move_to_another_machine() {
    local folder epoch archive
    epoch=$(read_report .epoch)
    cut_link
    publish before-the-move
    inside systemctl disable --now "$unit"
    folder=$(back_up)
    inside sh -c "umask 077 && cd /srv && tar -czf shop.tar.gz /etc/holdfast $folder"
    archive=$root/srv/shop.tar.gz
    [ "$(stat -c %a "$archive")" = 600 ] || fail "others can read the edge's key in shop.tar.gz"
    take_machine second "$first_root.second"
    boot
    install_package "$deb"
    cp "$archive" "$root/srv/"
    inside tar -xzf /srv/shop.tar.gz -C /
    inside holdfast-box restore "$folder"
    cloud link heal NORTH
    await_new_epoch "$epoch"
    settle before-the-move
    check_arrived_once before-the-move
    readmit
}
# The page forbids it. The former machine then knows that it is a copy, says so, and disturbs nothing.
start_the_former_machine_too() {
    local epoch
    epoch=$(read_report .epoch)
    turn_to first
    give_other_ports
    inside systemctl start "$unit"
    await_standing .twin "the former machine does not know that it is a copy"
    grep -q "so this one is a copy" <<< "$(inside holdfast-box status)" || fail "the former machine does not say so"
    grep -q "! $name: a second instance of it calls" <<< "$(read_cloud_status)" || fail "the cloud does not tell of the copy"
    publish at-the-copy
    grep -q "from which the cloud takes nothing" "$tablets/at-the-copy/reply.json" || fail "the copy promises something"
    cut_power
    turn_to second
    await_link
    [ "$(read_report .epoch)" = "$epoch" ] || fail "the copy has ended the epoch of the edge"
    settle at-the-copy
    check_arrived_once at-the-copy
    await_link
}

# The machine breaks after its backup, with a command that only the tablet still has.
replace_a_broken_machine() {
    local folder saved code
    folder=$(back_up)
    cut_link
    publish lost-with-the-machine
    cut_power
    cloud link heal NORTH
    saved=$root$folder
    code=$(cloud edges rekey "$name" --why broken --json | jq -r .code)
    take_machine third "$first_root.third"
    boot
    install_package "$deb"
    cp -r "$saved" "$root/srv/backup"
    inside holdfast-box restore /srv/backup
    set_up "$name" "$code"
    await_link
    settle lost-with-the-machine
    check_arrived_once lost-with-the-machine
    readmit
}
start_the_replaced_machine_too() {
    turn_to second
    give_other_ports
    boot
    await_log "the cloud refused the link: This node is not enrolled"
    cut_power
    turn_to third
    await_link
}
# Repeats are harmless, also at a machine that has not met the command.
check_all_commands() {
    local commands
    mapfile -t commands < <(list_commands)
    settle "${commands[@]}"
    check_arrived_once "${commands[@]}"
    [ "$(read_report .pending)" = 0 ] || fail "commands wait at the edge, but the cloud has decided them all"
}
