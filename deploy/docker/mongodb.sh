#!/bin/bash
# Makes the key by which members of the replica set know each other, where there is none, and starts the server. A key
# file also turns authorization on.
set -euo pipefail
key=/data/configdb/replica.key
if [ ! -s "$key" ]; then
    (umask 377 && head -c 192 /dev/urandom | base64 -w0 > "$key")
fi
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile "$key" --bind_ip_all
