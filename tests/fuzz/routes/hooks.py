"""What Schemathesis cannot know of these routes by their document. `cargo xtask fuzz routes` names this file to it."""

import atexit
import collections
import json
import os

import requests
import schemathesis
from schemathesis.specs.openapi.checks import negative_data_rejection

# Routes that end the session they are called in, as "POST /path".
ENDING = frozenset(json.loads(os.environ["HOLDFAST_ENDING_ROUTES"]))
SIGN_IN = os.environ["HOLDFAST_SIGN_IN"]
LEAVER = json.loads(os.environ["HOLDFAST_LEAVER"])
TOKEN = os.environ["HOLDFAST_TOKEN"]
# The token of the caller who is to stay; nobody has none.
OWN = os.environ.get("HOLDFAST_OWN", "")
# Answers by route and status, for the caller to see that the run has seen something.
ANSWERS = collections.defaultdict(collections.Counter)


@schemathesis.auth(refresh_interval=None)
class Caller:
    """Each call of a route that ends its session comes from a sign-in of its own, by a person whom no other call needs."""

    def get(self, case, _):
        if case.operation.label not in ENDING:
            return OWN
        granted = requests.post(SIGN_IN, json=LEAVER, timeout=30)
        granted.raise_for_status()
        return granted.json()[TOKEN]

    def set(self, case, token, _):
        if token:
            case.headers = {**(case.headers or {}), "Authorization": "Bearer " + token}


@schemathesis.hook
def after_call(_, case, response):
    ANSWERS[case.operation.label][response.status_code] += 1


@atexit.register
def tell():
    with open(os.environ["HOLDFAST_ANSWERS"], "w", encoding="utf-8") as file:
        json.dump(ANSWERS, file)


@schemathesis.check
def wrong_data_is_refused(ctx, response, case):
    """Readers take a null for an absent field. The document does not offer it, since answers have none."""
    if not holds_null(case.body):
        negative_data_rejection(ctx, response, case)


def holds_null(value):
    if isinstance(value, dict):
        return any(holds_null(one) for one in value.values())
    if isinstance(value, list):
        return any(holds_null(one) for one in value)
    return value is None
