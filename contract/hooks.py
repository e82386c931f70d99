"""Who asks: the portal's administrator, a director or a till, as the permission in each operation's description says."""

import json
import os
import re

import requests
import schemathesis

URL = os.environ["ONACCOUNT_URL"]
PASSWORD = os.environ["ONACCOUNT_PASSWORD"]
with open(os.environ["ONACCOUNT_STORY_FILE"], encoding="utf-8") as file:
    STORY = json.load(file)

# Signing in is throttled by address. The server trusts this machine as a proxy, so the tests' own sign-ins come from another
# address than the ones that are tested.
OWN_ADDRESS = {"X-Forwarded-For": "192.0.2.1"}
# These end the session that they are asked with, so each gets one of its own.
ENDS_SESSION = {"sign_out", "change_password"}


def asker(case, _context=None):
    """Which credential the operation takes."""
    description = case.operation.definition.raw.get("description", "")
    found = re.search(r"Permission: `([a-z_.]+)`", description)
    permission = found.group(1) if found else ""
    if case.operation.definition.raw.get("operationId") in ENDS_SESSION:
        return "once"
    if permission.startswith("till."):
        return "till"
    return "admin" if permission == "portal.manage" else "director"


def sign_in(email):
    answer = requests.post(
        f"{URL}/v1/sessions", json={"email": email, "password": PASSWORD}, headers=OWN_ADDRESS, timeout=30
    )
    answer.raise_for_status()
    return answer.json()["access_token"]


@schemathesis.auth(refresh_interval=600, cache_by_key=asker, retry_on=[401])
class Askers:
    def get(self, case, _context):
        match asker(case):
            case "till":
                return STORY["till"]["key"]
            case "admin":
                return sign_in(os.environ["ONACCOUNT_EMAIL"])
            case _:
                return sign_in(STORY["director"]["email"])

    def set(self, case, data, _context):
        if asker(case) == "once":
            data = sign_in(STORY["director"]["email"])
        case.headers["Authorization"] = f"Bearer {data}"
