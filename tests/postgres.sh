#!/usr/bin/env bash
# A PostgreSQL server of one run: found on the machine or installed, started on a free port, stopped at the end. Sourced by
# ./test and ./bench, which define `say` and `fail`.

postgres_folder=
postgres_bin=

find_postgres() {
    local candidate
    local candidates=("${ONACCOUNT_TEST_POSTGRES_BIN:-}")
    if command -v pg_config >/dev/null; then candidates+=("$(pg_config --bindir)"); fi
    while IFS= read -r candidate; do
        candidates+=("$candidate")
    done < <(printf '%s\n' /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin | sort -rV)
    if command -v initdb >/dev/null; then candidates+=("$(dirname "$(command -v initdb)")"); fi
    for candidate in "${candidates[@]}"; do
        if [[ -n $candidate && -x $candidate/initdb && -x $candidate/pg_ctl ]]; then
            postgres_bin=$candidate
            return 0
        fi
    done
    return 1
}

# apt_install PACKAGE...: true when apt-get installed them; says nothing about why not.
apt_install() {
    local as_root=(env)
    command -v apt-get >/dev/null || return 1
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n env)
    fi
    say "installing $* with apt-get"
    { "${as_root[@]}" apt-get update -qq &&
        "${as_root[@]}" DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >&2
}

# PostgreSQL refuses to run as root: `as_postgres COMMAND` runs it as a user who owns the cluster's folder.
postgres_user=
as_postgres() {
    if [[ -z $postgres_user ]]; then
        "$@"
    elif command -v setpriv >/dev/null; then
        setpriv --reuid="$postgres_user" --regid="$(id -g "$postgres_user")" --clear-groups -- "$@"
    else
        runuser -u "$postgres_user" -- "$@"
    fi
}

create_cluster() {
    local locale=(--locale=C --encoding=UTF8)
    # Names must sort the same on both databases whatever the server's collation is, so test on one that is not binary.
    if "$postgres_bin/initdb" --help | grep -q -- --icu-locale; then
        locale+=(--locale-provider=icu --icu-locale=en-US)
    fi
    as_postgres "$postgres_bin/initdb" -D "$postgres_folder/data" -U onaccount --auth=trust --no-sync "${locale[@]}" \
        >"$postgres_folder/initdb.log" 2>&1 || {
        cat "$postgres_folder/initdb.log" >&2
        fail "initdb failed"
    }
    cat >>"$postgres_folder/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
fsync = ${ONACCOUNT_TEST_FSYNC:-off}
full_page_writes = ${ONACCOUNT_TEST_FSYNC:-off}
shared_buffers = 128MB
CONF
}

start_postgres() {
    [[ -z ${ONACCOUNT_TEST_POSTGRES_URL:-} ]] || return 0
    find_postgres || { apt_install postgresql && find_postgres; } || fail "no PostgreSQL found, and it cannot be \
installed from here. Install it (Debian: apt-get install postgresql), name the folder of its programs in \
ONACCOUNT_TEST_POSTGRES_BIN, or name a running server in ONACCOUNT_TEST_POSTGRES_URL. \`./test fast\` needs none."
    postgres_folder=$(mktemp -d "${TMPDIR:-/tmp}/onaccount-postgres.XXXXXX")
    if ((EUID == 0)); then
        postgres_user=nobody
        if id postgres >/dev/null 2>&1; then postgres_user=postgres; fi
        chown "$postgres_user" "$postgres_folder"
    fi
    create_cluster
    local attempt port
    for attempt in 1 2 3 4 5 6 7 8; do
        port=$((20000 + RANDOM % 12000))
        # A port that is taken makes the server end at once; then another one is tried.
        if as_postgres "$postgres_bin/pg_ctl" -D "$postgres_folder/data" -l "$postgres_folder/server.log" \
            -o "-p $port" -w -t 60 start >/dev/null 2>&1; then
            export ONACCOUNT_TEST_POSTGRES_URL="postgres://onaccount@127.0.0.1:$port/postgres"
            say "PostgreSQL $("$postgres_bin/postgres" --version | grep -oE '[0-9.]+' | head -1) on port $port (attempt $attempt)"
            return 0
        fi
    done
    cat "$postgres_folder/server.log" >&2
    fail "PostgreSQL did not start; its log is above"
}

stop_postgres() {
    [[ -n $postgres_folder ]] || return 0
    if [[ -f $postgres_folder/data/postmaster.pid ]]; then
        (cd / && as_postgres "$postgres_bin/pg_ctl" -D "$postgres_folder/data" -m immediate -w stop >/dev/null 2>&1) || true
    fi
    rm -rf "$postgres_folder"
    postgres_folder=
}
