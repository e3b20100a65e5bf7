"""How schemathesis asks the hub: with one token after the other, because each may ask only so often, and never so that
the hub would call somebody outside this machine."""

import itertools
import os
import re

import schemathesis

_tokens = itertools.cycle(os.environ["CROSSDOCK_API_TOKENS"].split())

# Addresses that lead nowhere (RFC 2606), and the stand-in shop on this machine.
_harmless = re.compile(r"https?://([a-z]+\.example|127\.0\.0\.1)(:\d+)?(/|$)")


@schemathesis.auth(refresh_interval=None)
class Tokens:
    def get(self, case, context):
        return next(_tokens)

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"


def _without_addresses(value):
    if isinstance(value, dict):
        return {name: _without_addresses(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_addresses(inner) for inner in value]
    if isinstance(value, str) and "://" in value and not _harmless.match(value):
        return "https://erp.example/hook"
    return value


@schemathesis.hook
def map_body(context, body):
    return _without_addresses(body)
