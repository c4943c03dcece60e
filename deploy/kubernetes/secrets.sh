#!/bin/sh
# Makes the passwords and keys of a platform in FOLDER, where they are not there yet, and prints them as Secrets:
#   sh deploy/kubernetes/secrets.sh FOLDER | kubectl apply --server-side -f -
# It needs kubectl, and holdfast-cloud or a command that runs it: HOLDFAST_CLOUD="docker run --rm ...". FOLDER opens
# everything: keep it, apart from the cluster and from the dumps.
set -eu
umask 077
folder=${1:?the folder of the passwords and keys}
here=$(cd "$(dirname "$0")" && pwd)
make_keys() { ${HOLDFAST_CLOUD:-holdfast-cloud} make-keys --into "$1" >&2; }
secret() {
    kubectl create secret generic "$@" --namespace holdfast --dry-run=client --output yaml
    echo ---
}
mkdir -p "$folder"
if [ ! -s "$folder/files.env" ]; then
    echo "Write the buckets of people's files into $folder/files.env first: USER_FILES_URL=s3://.., ORDER_FILES_URL=s3://.. and REVIEW_FILES_URL=s3://.." >&2
    exit 1
fi
if [ ! -s "$folder/passwords.env" ]; then
    sh "$here/../docker/passwords.sh" > "$folder/passwords.new"
    mv "$folder/passwords.new" "$folder/passwords.env"
fi
if [ ! -s "$folder/replica.key" ]; then
    head -c 192 /dev/urandom | base64 | tr -d '\n' > "$folder/replica.new"
    mv "$folder/replica.new" "$folder/replica.key"
fi
make_keys "$folder/keys"
# Elsewhere auth and hub make their signing keys themselves; a Secret cannot be written. A service key is one of the same kind.
for part in auth hub; do
    if [ ! -s "$folder/keys/$part/$part.key" ]; then
        rm -rf "$folder/spare"
        make_keys "$folder/spare"
        mv "$folder/spare/$part/service.key" "$folder/keys/$part/$part.key"
        rm -rf "$folder/spare"
    fi
done
secret passwords --from-env-file="$folder/passwords.env"
secret files --from-env-file="$folder/files.env"
secret mongodb-key --from-file="$folder/replica.key"
for keys in "$folder"/keys/*/; do
    secret "keys-$(basename "$keys")" --from-file="$keys"
done
