#!/bin/bash
# Runs databases.sql as root, with the services' passwords from the environment. The server's image runs it once, on an
# empty volume. To change a password, or to add the users to an older volume:
#   docker compose exec mariadb bash /docker-entrypoint-initdb.d/databases.sh
# The parentheses keep the options out of the image's own script, which may read this one as a part of itself.
(
    set -euo pipefail
    settings=""
    for name in auth order payment hub; do
        variable="${name^^}_SQL_PASSWORD"
        password="${!variable:?}"
        [[ "$password" =~ ^[A-Za-z0-9]+$ ]] || { echo "$variable: letters and digits only" >&2; exit 1; }
        settings+="SET @${name}_password = '$password'; "
    done
    { echo "$settings"; cat /databases.sql; } | MYSQL_PWD="$MARIADB_ROOT_PASSWORD" mariadb --protocol=socket -uroot
)
