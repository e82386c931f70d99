#!/usr/bin/env bash
# The story of the demo with curl alone: from the agreement to a reversed invoice run.
#
#   ONACCOUNT_URL    where the service is, such as http://127.0.0.1:8080
#   ONACCOUNT_TOKEN  an access token of a director (README.md says how to get one)
#
# It makes new customers and accounts in that tenant each time, and stops at the first answer that is not as expected.
set -euo pipefail
: "${ONACCOUNT_URL:?set it to the address of the service, such as http://127.0.0.1:8080}"
: "${ONACCOUNT_TOKEN:?set it to an access token of a director; README.md says how to get one}"

body=$(mktemp)
trap 'rm -f "$body"' EXIT

# call EXPECTED METHOD PATH [JSON] [more curl arguments]: sends it with $token, shows status and answer.
call() {
  local expected=$1 method=$2 path=$3 json=${4:-}
  shift $(($# < 4 ? 3 : 4))
  local arguments=(-sS -o "$body" -w '%{http_code}' -X "$method" -H "Authorization: Bearer $token" "$@")
  if [[ -n $json ]]; then arguments+=(-H 'Content-Type: application/json' -d "$json"); fi
  local status
  status=$(curl "${arguments[@]}" "$ONACCOUNT_URL$path")
  printf '%s %s -> %s\n' "$method" "$path" "$status"
  if [[ $status != "$expected" ]]; then
    printf 'expected %s, got: %s\n' "$expected" "$(cat "$body")" >&2
    exit 1
  fi
}

uuid() { uuidgen 2>/dev/null || cat /proc/sys/kernel/random/uuid; }

# pay EXPECTED PATH JSON [more]: a request that moves money, under a fresh key. Store the key before you send; when the
# answer is lost, send the same request with the same key.
pay() {
  local expected=$1 path=$2 json=$3
  shift 3
  call "$expected" POST "$path" "$json" -H "Idempotency-Key: $(uuid)" "$@"
}

# field NAME: the first text of that name in the last answer.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$body" | head -n 1; }

# expect NAME VALUE: the last answer has this text under this name.
expect() {
  if ! grep -q "\"$1\":\"$2\"" "$body"; then
    printf 'expected %s to be %s in: %s\n' "$1" "$2" "$(cat "$body")" >&2
    exit 1
  fi
  printf '    %s = %s\n' "$1" "$2"
}

first() { sed "s/^{\"id\":\"\([^\"]*\)\".*/\1/" "$body"; }

token=$ONACCOUNT_TOKEN
now() { date -u +%FT%TZ; }

echo "== The data processing agreement"
call 200 GET /v1/agreement
if grep -q '"is_accepted":false' "$body"; then
  call 201 POST /v1/agreement/acceptances "{\"version\":\"$(field version)\"}"
fi

echo "== A till with its own key"
call 201 POST /v1/terminals "{\"name\":\"Bar $RANDOM$RANDOM\"}"
call 201 POST "/v1/terminals/$(first)/keys"
till=$(field secret)

echo "== A customer, an account, a limit of 100.00"
call 201 POST /v1/customers '{"kind":"person","first_name":"Anna","last_name":"Visser","email":"anna@example.com"}'
customer=$(first)
call 201 POST /v1/accounts "{\"holder_id\":\"$customer\",\"on_account_allowed\":true,\"shown_on_till\":true}"
account=$(first)
call 200 POST "/v1/accounts/$account/activate"
pay 201 "/v1/accounts/$account/limit-changes" '{"change":"100.00","reason":"agreed on the phone"}'

echo "== The till sells, and is declined"
token=$till
call 200 GET /v1/till/accounts
pay 201 /v1/sales "{\"account_id\":\"$account\",\"occurred_at\":\"$(now)\",\"amount\":\"30.00\",\"lines\":[
  {\"product_code\":\"DINNER\",\"name\":\"Dinner\",\"quantity\":\"2\",\"amount\":\"30.00\",\"vat_rate\":\"9.00\"}]}"
sale=$(first)
today=$(field business_date) # the venue's day, which is not always that of this computer
pay 409 /v1/sales "{\"account_id\":\"$account\",\"occurred_at\":\"$(now)\",\"amount\":\"80.00\",\"lines\":[
  {\"product_code\":\"PARTY\",\"name\":\"Party\",\"quantity\":\"1\",\"amount\":\"80.00\",\"vat_rate\":\"21.00\"}]}"
expect code limit_exceeded
expect available 70.00
pay 201 "/v1/sales/$sale/refunds" '{"lines":[{"line_no":1,"quantity":"1"}]}'
call 200 GET "/v1/till/totals?business_date=$today"

echo "== The statement, as JSON and CSV"
token=$ONACCOUNT_TOKEN
call 200 GET "/v1/accounts/$account/statement?from=$today&to=$today"
expect sales_total 15.00
call 200 GET "/v1/accounts/$account/statement?from=$today&to=$today" "" -H 'Accept: text/csv'
cat "$body"

echo "== An invoice run, and its reversal"
run="{\"from\":\"$today\",\"to\":\"$today\",\"reset_type\":\"balance_to_zero\",\"accounts\":{\"account_ids\":[\"$account\"]}}"
call 200 POST /v1/invoice-runs/preview "$run"
pay 200 /v1/invoice-runs "$run" -H 'Prefer: wait=10'
run_id=$(first)
call 200 GET "/v1/accounts/$account"
expect balance 0.00
pay 200 "/v1/invoice-runs/$run_id/reversal" '' -H 'Prefer: wait=10'
call 200 GET "/v1/accounts/$account"
expect balance -15.00
expect available 85.00
echo "Done: everything was as expected."
