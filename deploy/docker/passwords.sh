#!/bin/sh
# Prints the passwords of docker-compose.yml, all different and random, for a file `.env`:
#   (umask 077; sh deploy/docker/passwords.sh > .env)
set -eu
for name in MARIADB_ROOT MONGODB_ROOT AUTH_SQL ORDER_SQL PAYMENT_SQL HUB_SQL USER_DOCUMENTS \
    REVIEW_DOCUMENTS NOTIFICATION_DOCUMENTS \
    GATEWAY_BUS AUTH_BUS USER_BUS ORDER_BUS PAYMENT_BUS REVIEW_BUS NOTIFICATION_BUS HUB_BUS \
    GATEWAY_CACHE AUTH_CACHE USER_CACHE ORDER_CACHE PAYMENT_CACHE REVIEW_CACHE \
    NOTIFICATION_CACHE HUB_CACHE; do
    printf '%s_PASSWORD=%s\n' "$name" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
done
