#!/bin/sh
# Writes the users from the environment and starts the server. The gateway and auth use the cache, and user and notification
# their own keys in it. The other parts may connect and ask for a PING.
set -eu
users=${TMPDIR:-/tmp}/users.acl
umask 077
{
    echo "user default off"
    for name in GATEWAY AUTH; do
        eval "password=\${${name}_CACHE_PASSWORD:?}"
        part=$(echo "$name" | tr A-Z a-z)
        echo "user $part on >$password ~* resetchannels +@read +@write +@connection +@scripting -@dangerous"
    done
    for name in USER NOTIFICATION; do
        eval "password=\${${name}_CACHE_PASSWORD:?}"
        part=$(echo "$name" | tr A-Z a-z)
        echo "user $part on >$password ~$part:* resetchannels +get +psetex +@connection"
    done
    for name in ORDER PAYMENT REVIEW HUB; do
        eval "password=\${${name}_CACHE_PASSWORD:?}"
        part=$(echo "$name" | tr A-Z a-z)
        echo "user $part on >$password resetkeys resetchannels +@connection"
    done
    # For the check of health.
    echo "user health on nopass resetkeys resetchannels +ping"
} > "$users"
exec redis-server --appendonly yes --dir /data --aclfile "$users"
