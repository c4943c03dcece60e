# The tablets of a customer and of a provider. They keep each command with its receipt and send it again until the cloud
# has decided it, as the page for writers of tablets says. A command is a folder of $tablets: the frame, the role of its
# person, the receipt and the newest reply.
tablets=$work/tablets
mkdir "$tablets"
device_seq=0

# Calls the edge at hand as a tablet in the shop does.
call_edge() { # PATH [OPTION...]
    local port=${https_ports[$box]}
    curl --silent --max-time 5 --cacert "$root/var/lib/holdfast-edge/data/shop-ca.pem" \
        --resolve "$name.local:$port:127.0.0.1" "https://$name.local:$port$1" "${@:2}"
}
await_standing() { # CONDITION MESSAGE
    for _ in $(seq 300); do
        if call_edge /standing --fail | jq -e "$1" > /dev/null; then return; fi
        sleep 0.2
    done
    fail "$2"
}
await_link() { await_standing '.link.up and (.suspect | not)' "the edge has no link"; }
cut_link() {
    cloud link cut NORTH
    await_standing '.link.up | not' "the edge does not notice that it is cut off"
}
heal_link() {
    cloud link heal NORTH
    await_link
}

sign_in() { # ROLE
    jq --arg role "$1" '[.sign_ins[] | select(.role == $role and .region == "NORTH")][0]
        | {username, password, device: "", tablet: "t-\($role)"}' "$ready" > "$tablets/$1.form"
    call_edge /session --fail --json "@$tablets/$1.form" > "$tablets/$1.json" || fail "the $1 cannot sign in"
}

# Makes a command, sends it, and keeps the receipt. A command without one is a failure.
tap() { # LABEL ROLE BODY
    local kept=$tablets/$1
    mkdir "$kept"
    device_seq=$((device_seq + 1))
    jq -n --arg id "$(cat /proc/sys/kernel/random/uuid)" --argjson n "$device_seq" --argjson body "$3" \
        '{v: 1, id: $id, device_seq: $n, tapped_at: (now | todate), body: $body}' > "$kept/frame.json"
    echo "$2" > "$kept/role"
    send "$1"
    jq -e .receipt "$kept/reply.json" > "$kept/receipt.json" || fail "no receipt for $1: $(cat "$kept/reply.json")"
}
publish() { # LABEL
    tap "$1" customer "$(jq -nc --arg id "$(cat /proc/sys/kernel/random/uuid)" --arg title "Drill: $1" \
        '{type: "publish_order", order_id: $id, order: {title: $title, service_type: "other", price: "60.00",
          location: "NORTH", address: "3 Market Square"}}')"
}
# Accepts an open job of the board that no other command names.
accept() { # LABEL
    local named job
    named=$(find "$tablets" -name frame.json -exec jq .body.order_id {} + | jq -sc .)
    job=$(call_edge /board --header "authorization: Bearer $(jq -r .edge_token "$tablets/provider.json")" |
        jq -er --argjson named "$named" 'first(.items[] | select(.status == "pending" and (.id | IN($named[]) | not))).id') ||
        fail "no job is open"
    tap "$1" provider "$(jq -nc --arg id "$job" '{type: "accept_order", order_id: $id}')"
}
# Sends a command, for the first time or again, with its receipt and the newest one of this edge.
send() { # LABEL
    local kept=$tablets/$1 receipts
    receipts=$(find "$tablets" -name receipt.json -exec cat {} + | jq -sc .)
    jq --slurpfile person "$tablets/$(cat "$kept/role").json" --argjson receipts "$receipts" \
        '.id as $id | . + {token: $person[0].edge_token, seen: ($receipts | max_by([.epoch, .seq])),
          receipt: ($receipts | map(select(.command_id == $id))[0])}' "$kept/frame.json" > "$kept/sent.json"
    call_edge /commands --json "@$kept/sent.json" > "$kept/reply.json" || true
}
# Returns once the cloud has confirmed the commands, which the tablets send again until then.
settle() { # LABEL...
    local label reply waiting=("$@") later until=$((SECONDS + 90))
    while [ "$SECONDS" -lt "$until" ]; do
        later=()
        for label in "${waiting[@]}"; do
            send "$label"
            reply=$tablets/$label/reply.json
            if jq -e '.hop == "decided"' "$reply" > /dev/null; then
                jq -e '.outcome | .kind == "applied" or .first.applied' "$reply" > /dev/null ||
                    fail "$label is not confirmed: $(cat "$reply")"
            else
                later+=("$label")
            fi
        done
        [ "${#later[@]}" -gt 0 ] || return 0
        waiting=("${later[@]}")
        sleep 0.5
    done
    fail "the cloud does not decide: ${waiting[*]}"
}
# In the cloud, the only change that came to the order from this edge is the command.
check_arrived_once() { # LABEL...
    local label frame order
    for label in "$@"; do
        frame=$tablets/$label/frame.json
        order=$(cloud explain "$(jq -r .body.order_id "$frame")" --json) || fail "the order of $label is not in the cloud"
        jq -e --arg id "$(jq -r .id "$frame")" --arg edge "$name" \
            '[.timeline[] | select(.edge == $edge).command_id] == [$id]' <<< "$order" > /dev/null ||
            fail "$label did not arrive exactly once: $(jq -r .explanation <<< "$order")"
    done
}
list_commands() { ls "$tablets" | grep -v '\.'; }
