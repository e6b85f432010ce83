"""The shop's front: tokens, `/admin/api/<version>/graphql.json`, and errors in Shopify's words."""

from __future__ import annotations

import re
from typing import Any

from hub.sandbox.call import Answer, BadBody, Call, answer
from hub.sandbox.shopify.book import API_VERSIONS, Shop
from hub.sandbox.shopify.execution import run
from hub.sandbox.shopify.language import SyntaxProblem
from hub.sandbox.shopify.mutations import SCHEMA
from hub.sandbox.shopify.queries import Asked
from hub.sandbox.shopify.schema import GraphProblem

_GRAPHQL = re.compile(r"^/?admin/api/(\d{4}-\d{2}|unstable)/graphql\.json$")


class Shopify(Shop):
    """One shop's HTTP."""

    def handle(self, call: Call) -> Answer:
        if call.path.strip("/") == "admin/oauth/access_token" and call.method == "POST":
            return self._grant(call)
        found = _GRAPHQL.match(call.path)
        if found is None:
            return answer(404, {"errors": "Not Found"})
        if call.method != "POST":
            return answer(405, {"errors": "Method Not Allowed"})
        if not self._authentic(call):
            what = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return answer(401, {"errors": what})
        return self._graphql(call, self._version(found.group(1)))

    def _graphql(self, call: Call, version: str) -> Answer:
        headers = {"X-Shopify-API-Version": version, "X-Request-Id": f"{self.desk.number():08x}"}
        try:
            asked = call.json()
            text = asked.get("query") if isinstance(asked, dict) else None
            if not isinstance(text, str):
                return answer(400, {"errors": {"query": "Required parameter missing or invalid"}}, headers)
            root = Asked(self, call.now, version)
            document = run(SCHEMA, text, asked.get("variables") or {}, asked.get("operationName"), root)
        except BadBody:
            return answer(400, {"errors": "Bad Request"}, headers)
        except SyntaxProblem as problem:
            place = [{"line": problem.line, "column": problem.column}]
            document = {"errors": [{"message": str(problem), "locations": place}]}
        except GraphProblem as problem:
            document = {"errors": problem.errors}
        return answer(200, document | {"extensions": _cost()}, headers)

    def _grant(self, call: Call) -> Answer:
        """The client credentials grant; a token lives `shopify_token_seconds`."""
        try:
            form = call.form() if "json" not in call.headers.get("content-type", "") else call.json()
        except BadBody:
            return answer(400, {"error": "invalid_request"})
        given = (form.get("grant_type"), form.get("client_id"), form.get("client_secret"))
        if given != ("client_credentials", self.client_id, self.client_secret):
            return answer(400, {"error": "invalid_client", "error_description": "The client credentials are invalid"})
        life = self.desk.settings.shopify_token_seconds
        token = f"shpat_{self.desk.chance.hexadecimal(32, self.prefix, 'grant', self.desk.number())}"
        self.tokens = {each: until for each, until in self.tokens.items() if until > call.now} | {
            token: call.now + life
        }
        return answer(200, {"access_token": token, "scope": ",".join(sorted(self.scopes)), "expires_in": int(life)})

    def _authentic(self, call: Call) -> bool:
        given = call.headers.get("x-shopify-access-token", "")
        return given == self.token or self.tokens.get(given, 0.0) > call.now

    def _version(self, asked: str) -> str:
        """A version that is no longer served falls forward to the oldest that is."""
        if asked in API_VERSIONS:
            return asked
        return API_VERSIONS[0] if asked < API_VERSIONS[0] else API_VERSIONS[-1]


def _cost() -> dict[str, Any]:
    left = {"maximumAvailable": 2000.0, "currentlyAvailable": 1948, "restoreRate": 100.0}
    return {"cost": {"requestedQueryCost": 52, "actualQueryCost": 52, "throttleStatus": left}}
