#!/bin/bash
# Writes the users and their rights from the environment, and starts the server. Every part declares the exchanges. It
# publishes to its own exchange alone, has the queue of the events that found no other, and only a part that consumes
# has queues. Nobody else may sign in: the server makes
# no default user when it is given definitions.
set -euo pipefail
definitions=${TMPDIR:-/tmp}/definitions.json
umask 077
exchanges='auth_events|user_events|order_events|payment_events|review_events|platform_events|dead_letters'
users="" rights=""
# NAME QUEUES PUBLISHES
part() {
    local variable="${1^^}_BUS_PASSWORD" own="$2" to="$3"
    local password="${!variable:?}"
    [[ "$password" =~ ^[A-Za-z0-9]+$ ]] || { echo "$variable: letters and digits only" >&2; exit 1; }
    local configure="$exchanges" write="" read=""
    if [ -n "$to" ]; then
        configure="$configure|$to\\\\.(unrouted|replay)" write="$to(\\\\.(unrouted|replay))?" read="$to(\\\\.unrouted)?"
    fi
    if [ -n "$own" ]; then
        configure="$configure|$own" write="${write:+$write|}dead_letters|$own"
        read="${read:+$read|}($exchanges)(\\\\.replay)?|$own"
    fi
    users+="${users:+,}{\"name\":\"$1\",\"password\":\"$password\",\"tags\":\"\"}"
    rights+="${rights:+,}{\"user\":\"$1\",\"vhost\":\"/\",\"configure\":\"^($configure)\$\",\"write\":\"^($write)\$\",\"read\":\"^($read)\$\"}"
}
part gateway '' ''
part auth 'auth_marks(\\.(dead|redrive))?' auth_events
part user 'user_profiles(\\.(dead|redrive))?' user_events
part order 'order_(people|money|reviews)(\\.(dead|redrive))?' order_events
part payment 'payment_(orders|people)(\\.(dead|redrive))?' payment_events
part review 'review_(ratings|people)(\\.(dead|redrive))?' review_events
part notification '((order|payment|review|platform)_queue|notification_(people|matches|created))(\\.(dead|redrive))?' ''
part hub 'hub_feed(\\.(dead|redrive))?' platform_events
printf '{"vhosts":[{"name":"/"}],"users":[%s],"permissions":[%s]}\n' "$users" "$rights" > "$definitions"
exec docker-entrypoint.sh rabbitmq-server
