#!/usr/bin/env bash
# The stages of `./test contract`; sourced by ./test, whose functions it uses.

contract_venv=contract/.venv
contract_port=
contract_server=
contract_folder=
contract_document=openapi/openapi.json
contract_email=portal@onaccount.example
contract_password="a long enough password"

# --- tools ----------------------------------------------------------------------------------------------------------

node_is_new_enough() { command -v node >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)'; }
python_is_new_enough() { command -v python3 >/dev/null && python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

install_contract_tools() {
    node_is_new_enough || { apt_install nodejs npm && node_is_new_enough; } ||
        fail "Node.js 20 or newer is needed and cannot be installed from here"
    python_is_new_enough || { apt_install python3 python3-venv && python_is_new_enough; } ||
        fail "Python 3.11 or newer with venv is needed and cannot be installed from here"
    # Both lists are locked, so what was installed for the same lists is what they ask for.
    if ! cmp -s contract/package-lock.json contract/node_modules/.installed-lock; then
        (cd contract && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
        cp contract/package-lock.json contract/node_modules/.installed-lock
    fi
    if ! cmp -s contract/requirements.txt "$contract_venv/installed-requirements"; then
        rm -rf "$contract_venv"
        python3 -m venv "$contract_venv"
        "$contract_venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r contract/requirements.txt
        cp contract/requirements.txt "$contract_venv/installed-requirements"
    fi
    say "node $(node --version), $(python3 --version), $("$contract_venv/bin/schemathesis" --version)"
}

# --- the document ---------------------------------------------------------------------------------------------------

compare_contract() {
    target/debug/onaccount openapi | cmp - "$contract_document" ||
        fail "openapi/openapi.json is stale: cargo run -- openapi > openapi/openapi.json"
}

lint_with_spectral() {
    contract/node_modules/.bin/spectral lint --ruleset contract/spectral.yaml --fail-severity hint "$contract_document"
}

lint_with_redocly() {
    REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
        contract/node_modules/.bin/redocly lint --config contract/redocly-lint.yaml "$contract_document" 2>&1
}

compile_client() {
    rm -rf contract/client/build
    mkdir -p contract/client/build
    # A field with a default may be left out of a request.
    contract/node_modules/.bin/openapi-typescript "$contract_document" --default-non-nullable false --output contract/client/build/onaccount.d.ts
    contract/node_modules/.bin/tsc --project contract/client/tsconfig.json
}

# --- a server of the binary -----------------------------------------------------------------------------------------

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# An empty database of this run: a file; or a database on the test server, owned by a role that may do nothing else (on a
# server that was not started here, by whoever the URL names).
contract_database_url() {
    if [[ $1 == sqlite ]]; then
        printf 'sqlite:%s/onaccount.db' "$contract_folder"
        return 0
    fi
    local name="onaccount_contract_$$" psql=psql base=${ONACCOUNT_TEST_POSTGRES_URL%/*}
    # shellcheck disable=SC2154 # set by ./test when it started the server
    if [[ -n $postgres_folder ]]; then
        psql=$postgres_bin/psql
        base=${base/onaccount@/$name@}
        postgres_statement "$psql" "DROP DATABASE IF EXISTS $name WITH (FORCE)"
        postgres_statement "$psql" "DROP ROLE IF EXISTS $name"
        postgres_statement "$psql" "CREATE ROLE $name LOGIN"
        postgres_statement "$psql" "CREATE DATABASE $name OWNER $name"
    else
        postgres_statement "$psql" "DROP DATABASE IF EXISTS $name WITH (FORCE)"
        postgres_statement "$psql" "CREATE DATABASE $name"
    fi
    printf '%s/%s' "$base" "$name"
}

postgres_statement() { "$1" --quiet --no-psqlrc -v ON_ERROR_STOP=1 "$ONACCOUNT_TEST_POSTGRES_URL" -c "$2" 2>&1 | grep -v NOTICE >&2 || true; }

start_server() {
    contract_folder=$(mktemp -d "${TMPDIR:-/tmp}/onaccount-contract.XXXXXX")
    contract_port=$(free_port)
    ONACCOUNT_DATABASE_URL=$(contract_database_url "$1")
    export ONACCOUNT_DATABASE_URL
    export ONACCOUNT_SECRET=only-for-tests-0123456789abcdef0123456789abcdef
    export ONACCOUNT_URL="http://127.0.0.1:$contract_port"
    # a link in a mail is how a customer gets in
    export ONACCOUNT_MAIL_FOLDER=$contract_folder/mail
    export ONACCOUNT_MAIL_URL=file:$ONACCOUNT_MAIL_FOLDER
    target/debug/onaccount migrate
    printf '%s\n' "$contract_password" |
        target/debug/onaccount user create --portal-admin --email "$contract_email" --name "Portal" --password-stdin
    ONACCOUNT_LISTEN="127.0.0.1:$contract_port" ONACCOUNT_LOG=warn ONACCOUNT_TRUSTED_PROXIES=127.0.0.1 \
        target/debug/onaccount serve >"$contract_folder/server.log" 2>&1 &
    contract_server=$!
    local attempt
    for attempt in {1..100}; do
        if node -e 'fetch(process.argv[1] + "/readyz").then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$ONACCOUNT_URL"; then
            say "ready on $ONACCOUNT_URL after $attempt tries"
            return 0
        fi
        kill -0 "$contract_server" 2>/dev/null || break
        sleep 0.2
    done
    cat "$contract_folder/server.log" >&2
    fail "the server did not start; its log is above"
}

# The server finishes what it accepted and says so with its exit code; a log line of level error is a failure too.
stop_server() {
    local status=0
    kill -TERM "$contract_server"
    wait "$contract_server" || status=$?
    contract_server=
    # That a request was not HTTP at all is the client's doing; actix logs it as an error of its stream.
    if grep -E 'ERROR|panicked' "$contract_folder/server.log" | grep -v actix_http::h1::dispatcher | head -20 | grep .; then
        fail "the server logged errors; they are above"
    fi
    ((status == 0)) || fail "the server ended with $status"
    rm -rf "$contract_folder"
    contract_folder=
}

# Called by ./test at its end, whatever the end is.
clean_contract() {
    if [[ -n $contract_server ]]; then
        kill -KILL "$contract_server" 2>/dev/null || true
        say "the server's last lines:"
        tail -n 20 "$contract_folder/server.log" || true
    fi
    if [[ -n $contract_folder ]]; then rm -rf "$contract_folder"; fi
}

# --- programs against it --------------------------------------------------------------------------------------------

run_client() {
    ONACCOUNT_EMAIL=$contract_email ONACCOUNT_PASSWORD=$contract_password \
        ONACCOUNT_STORY_FILE=$contract_folder/story.json node contract/client/build/story.js
}

# A run of what looks at each operation alone, then several of chains of operations: the state of the server is no part of the
# seed, so Hypothesis soon finds that a chain goes otherwise than before, and ends the run there.
run_schemathesis() {
    local examples=20 chains=5 seed=${ONACCOUNT_TEST_SEED:-7190001} round failed=0
    if [[ ${ONACCOUNT_TEST_CASES:-short} == long ]]; then examples=200 chains=40; fi
    if [[ $seed == random ]]; then seed=$((RANDOM * 32768 + RANDOM)); fi
    if [[ ${ONACCOUNT_TEST_CASES:-short} == repeatable ]]; then
        schemathesis --seed "$seed" --phases examples,coverage
        return
    fi
    # all of them, whatever the first one finds
    schemathesis --seed "$seed" --phases examples,coverage,fuzzing --max-examples "$examples" || failed=1
    for ((round = 1; round <= chains; round++)); do
        schemathesis --seed "$((seed + round))" --phases stateful --max-examples 100 || failed=1
    done
    return "$failed"
}

schemathesis() {
    (
        cd contract || exit
        PYTHONPATH=. ONACCOUNT_EMAIL=$contract_email ONACCOUNT_PASSWORD=$contract_password \
            ONACCOUNT_STORY_FILE=$contract_folder/story.json .venv/bin/schemathesis --config-file schemathesis.toml \
            run "$ONACCOUNT_URL/openapi.json" "$@"
    )
}

run_contract_stages() {
    local database
    stage "tools from npm and PyPI" install_contract_tools
    stage "build the server" cargo build --locked
    stage "the committed contract is the generated one" compare_contract
    stage "Spectral" lint_with_spectral
    stage "Redocly" lint_with_redocly
    stage "TypeScript client (tsc --strict)" compile_client
    for database in ${ONACCOUNT_TEST_DATABASES:-sqlite postgres}; do
        stage "server on $database" start_server "$database"
        stage "client program on $database" run_client
        if [[ ${ONACCOUNT_TEST_CASES:-short} == none ]]; then
            echo "== Schemathesis on $database: not run (ONACCOUNT_TEST_CASES=none)"
        else
            stage "Schemathesis on $database" run_schemathesis
        fi
        stage "server on $database stops" stop_server
    done
}
