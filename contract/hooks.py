"""Who asks, what a generated request needs besides its schema, and which refusals of what fits the contract explains."""

import json
import os
import re
import uuid
import zlib
from decimal import Decimal, InvalidOperation

import requests
import schemathesis

URL = os.environ["ONACCOUNT_URL"]
PASSWORD = os.environ["ONACCOUNT_PASSWORD"]
with open(os.environ["ONACCOUNT_STORY_FILE"], encoding="utf-8") as file:
    STORY = json.load(file)

# Signing in is throttled by address. The server trusts this machine as a proxy, so the tests' own sign-ins come from another
# address than the ones that are tested.
OWN_ADDRESS = {"X-Forwarded-For": "192.0.2.1"}
# These end sessions, their own or the user's others, so each gets one of its own, of a user who does nothing else.
ENDS_SESSIONS = {"sign_out", "change_my_password", "revoke_session"}
# The portal's administrator does this in a tenant.
IN_TENANT = {"grant_roles"}
# These are refused with 401 because of what the body says.
TAKES_CREDENTIALS = {"sign_in", "refresh_session"}
# The query parameters that are lists.
LISTS = {"kind", "status"}

# What no schema can say. Schemathesis expects that a request that fits its schema is accepted; schemathesis.toml admits 400,
# 401, 412 and 422 besides, and the check below narrows them to these codes.
NO_SCHEMA_CAN_SAY = {
    "bad_cursor": "a cursor is one that the service gave, for the same filters",
    "precondition_failed": "If-Match names the version that stands",
    "idempotency_key_reused": "a key belongs to one request",
    "unknown_account": "an id in the body exists in the tenant",
    "unknown_customer": "an id in the body exists in the tenant",
    "unknown_tenant": "an id in the body is a tenant of the user",
    "unknown_user": "an e-mail in the body is a user's",
    "unknown_terminal": "an id in the body exists in the tenant",
    "unknown_import": "an id in the body exists in the tenant",
    "unknown_accountant": "an e-mail in the body is that of a user who does the books",
    "unknown_invitation": "a link is one that was mailed, and was not used",
    "no_accounts_selected": "the filter finds an account",
    "invoice_date_in_future": "a date is not after today",
    "amount_overflow": "a sum stays within the range of money",
    "more_than_sold": "a refund is of what was sold",
    "refund_negative": "what is refunded does not add up to less than nothing",
    "refund_before_sale": "a refund is after its sale",
    "unreadable_file": "the bytes of a file are a spreadsheet",
}
# The same for `validation_failed`: the code of a wrong field, or the place of a wrong value.
NO_SCHEMA_CAN_SAY_OF_FIELDS = {
    "lines_do_not_add_up": "the lines' amounts add up to the sale's",
    "too_many_decimals": "money has as many decimals as the tenant's currency",
    "unknown_line": "a refund's line is a line of the sale",
    # These two could be said with `oneOf` and `null`, but then generated clients are of no use: openapi-fetch makes
    # `never` of a property that may only be null. The descriptions say it.
    "account_not_named": "either the id or the number is given, and null is not given",
    "unknown_sheet": "the sheet is one of the file",
    "unknown_row": "the row is one of the file",
    "field_of_other_kind": "a field is one of the import's kind",
    "field_filled_twice": "one column fills a field",
    "column_without_heading": "a column is one of the file",
    "one_way": "a payment type goes one way: to an account by its id or its number, or to none",
    "one_choice": "one way of choosing accounts is given, and null is not given",
    "says_nothing": "a search for accents or blanks alone leaves nobody out",
    "period_turned_round": "a period ends after it begins",
    "period_too_long": "a period is not longer than ten years",
    "dates_turned_round": "a period ends after it begins",
}
NO_SCHEMA_CAN_SAY_OF_PLACES = {
    "/header_row": "a row is one that a sheet can have",
    "/iban": "an IBAN's check digits are right",
    "/current_password": "the password is the user's",
    "/company_name": "a company's field is a company's, as the kind of the customer is",
    "/first_name": "a person's field is a person's, as the kind of the customer is",
    "/last_name": "a person's field is a person's, as the kind of the customer is",
    "/offline_sale_max": "with another currency, an amount is given anew",
    "/delivery": "a customer who shares nothing has no way of delivery",
    "/accountant_email": "an address goes with a way of delivery, and is a real one",
    "/accounts/filter": "a filter has a condition, and null is none",
    "to": "a period ends after it begins, and is not longer than ten years",
    "/to": "a period ends after it begins, and is not longer than ten years",
    "from": "a period ends after it begins",
}


def operation_id(case):
    return case.operation.definition.raw.get("operationId")


def asker(case, _context=None):
    """Which credential the operation takes: its description names the permission."""
    if operation_id(case) in ENDS_SESSIONS:
        return "once"
    description = case.operation.definition.raw.get("description", "")
    found = re.search(r"Permission: `([a-z_.]+)`", description)
    permission = found.group(1) if found else ""
    if permission.startswith("till."):
        return "till"
    if permission.startswith("own."):
        return "customer"
    return "admin" if permission == "portal.manage" else "director"


def sign_in(email):
    answer = requests.post(
        f"{URL}/v1/sessions", json={"email": email, "password": PASSWORD}, headers=OWN_ADDRESS, timeout=30
    )
    answer.raise_for_status()
    return answer.json()["access_token"]


@schemathesis.auth(refresh_interval=600, cache_by_key=asker, retry_on=[401])
class Askers:
    """Signs in whoever an operation needs."""

    def get(self, case, _context):
        match asker(case):
            case "till":
                return STORY["till"]["key"]
            case "admin":
                return sign_in(os.environ["ONACCOUNT_EMAIL"])
            case "once":
                return sign_in(STORY["neighbour"]["email"])
            case "customer":
                return sign_in(STORY["customer"]["email"])
            case _:
                return sign_in(STORY["director"]["email"])

    def set(self, case, data, _context):
        if asker(case) == "once":
            data = sign_in(STORY["neighbour"]["email"])
        case.headers["Authorization"] = f"Bearer {data}"
        if operation_id(case) in IN_TENANT:
            case.headers["Onaccount-Tenant"] = STORY["director"]["id"]


@schemathesis.hook
def before_call(_context, case, _kwargs):
    spare_askers(case)
    get_past_the_first_question(case)


def spare_askers(case):
    """Whoever asks keeps the rights to ask: what would take them away is done to a bystander."""
    for name, value in case.path_parameters.items():
        if case.method != "GET" and value in STORY["in_place_of"]:
            case.path_parameters[name] = STORY["in_place_of"][value]


def get_past_the_first_question(case):
    """Makes most requests that fit such that they get past the first question: most, so that the others are asked, too."""
    if not fits_schema(case) or one_in_eight((case.query, case.body)):
        return
    # A key that was used belongs to the request that used it.
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = str(uuid.uuid4())
    # Only the service makes a cursor that it understands. Beside a list it stays: Schemathesis looks at a changed query anew,
    # and then takes a list for a text.
    if "cursor" in case.query and not LISTS & case.query.keys():
        del case.query["cursor"]
    if isinstance(case.body, dict):
        complete_body(case.body)


def complete_body(body):
    choose_one(body)
    add_up(body)
    for item in body.get("sales", []):
        item["id"] = str(uuid.uuid4())
        complete_body(item["sale"])


def one_in_eight(value):
    """By the value alone, so that the same seed makes the same requests."""
    return zlib.crc32(repr(value).encode()) % 8 == 0


def choose_one(body):
    """Leaves one of the fields that exclude each other."""
    if body.get("account_id") is not None:
        body.pop("account_number", None)
    selection = body.get("accounts")
    if isinstance(selection, dict):
        chosen = [name for name in ("account_ids", "filter") if selection.get(name)]
        body["accounts"] = {name: selection[name] for name in chosen[:1]} or {"all": True}


def add_up(body):
    """Makes the amount of a sale the sum of its lines."""
    if "amount" in body and isinstance(body.get("lines"), list):
        try:
            total = sum((Decimal(line["amount"]) for line in body["lines"]), Decimal("0.00"))
        except (InvalidOperation, KeyError, TypeError):
            return
        if 0 <= total < 10**11:
            body["amount"] = str(total)


def fits_schema(case):
    """Whether every part of the request fits: a case that is called positive may have a wrong value beside the one it is about."""
    return (
        case.meta is not None
        and case.meta.generation.mode.is_positive
        and all(part.mode.is_positive for part in case.meta.components.values())
    )


@schemathesis.check
def codes_are_in_the_contract(_context, response, case):
    """What an operation says of a status names the codes that it answers with it; a method that it does not know is no operation."""
    if response.status_code < 400 or response.status_code == 405:
        return
    code = response.json()["code"]
    described = case.operation.definition.raw["responses"].get(str(response.status_code), {"description": "nothing"})
    if "$ref" in described:
        components = case.operation.schema.raw_schema["components"]
        described = components["responses"][described["$ref"].rpartition("/")[2]]
    if f"`{code}`" not in described["description"]:
        raise AssertionError(f"the contract does not name {code} of {response.status_code}")


@schemathesis.check
def refusals_are_explained(_context, response, case):
    """A request that fits its schema is refused only for what no schema can say."""
    if not fits_schema(case):
        return
    if response.status_code == 401 and operation_id(case) in TAKES_CREDENTIALS:
        return
    if response.status_code in (400, 401, 412, 422):
        explain(response.json())
    for result in results(response):
        if result["outcome"] == "invalid":
            explain(result["problem"])


@schemathesis.check
def a_batch_refuses_the_wrong_one(_context, response, case):
    """What does not fit in a batch is answered in its place; the rest of the batch is accepted."""
    parts = case.meta.components.items() if case.meta else ()
    body_is_wrong = any(location.value == "body" and not part.mode.is_positive for location, part in parts)
    if body_is_wrong and response.status_code == 207:
        outcomes = [result["outcome"] for result in results(response)]
        if "invalid" not in outcomes:
            raise AssertionError(f"something in the batch does not fit, and none is refused: {outcomes}")


def results(response):
    return response.json()["results"] if response.status_code == 207 else []


def explain(problem):
    errors = problem.get("errors", [])
    explained = errors and all(
        error["code"] in NO_SCHEMA_CAN_SAY_OF_FIELDS or place(error) in NO_SCHEMA_CAN_SAY_OF_PLACES for error in errors
    )
    if problem["code"] not in NO_SCHEMA_CAN_SAY and not explained:
        raise AssertionError(f"the schema admits what is refused: {problem['code']}: {problem['detail']}")


def place(error):
    return error.get("pointer") or error.get("parameter") or error.get("header")
