#!/usr/bin/env bash
# Peak memory of the README's commands at 5,000 students, in an empty directory; needs GNU time, and both programs of a
# release build on the PATH.
set -euo pipefail
peak() { /usr/bin/time -a -o peaks -f "$1 %M KiB %e s" -- "${@:2}" >/dev/null 2>&1; }
selaras sample --students 5000 --out school >/dev/null
head=$(grep -m1 '"entity":"ptk"' school/centre.jsonl | sed 's/.*"id":"\([^"]*\)".*/\1/')
selaras-center init --data centre >/dev/null
selaras-center serve --data centre --listen 127.0.0.1:8181 2>/dev/null & trap "kill $!" EXIT; sleep 1
kode=$(selaras-center school add 99999999 --name Contoh --import school/centre.jsonl --data centre --json | cut -d'"' -f8)
export SELARAS_DATA=data
echo "$kode" | selaras init --server http://127.0.0.1:8181 --npsn 99999999 --kode-stdin >/dev/null
peak pull selaras pull
peak import selaras import school/school.jsonl
echo "sungai dan hutan" | selaras account add kepala --ptk "$head" --password-stdin >/dev/null
echo "$kode" | selaras role add kepala head --kode-stdin >/dev/null
selaras-center head assign 99999999 --ptk "$head" --sk 821.2/0001/2026 --from 2026-07-01 --data centre >/dev/null
selaras pull >/dev/null
printf '%s\nsungai dan hutan\n' "$kode" | selaras head activate kepala --password-stdin --kode-stdin >/dev/null
peak prepare selaras prepare
echo "sungai dan hutan" | peak approve selaras approve kepala --password-stdin
peak sync selaras sync
echo "sungai dan hutan" | peak backup selaras backup copy.age --password-stdin
export SELARAS_DATA=empty
echo "$kode" | peak recover selaras recover --server http://127.0.0.1:8181 --npsn 99999999 --kode-stdin
cat peaks
