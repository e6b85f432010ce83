"""A world that runs: HTTP on one port, SMTP on another, its clock ticking, and words to steer it from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.sandbox.call import Answer, BadBody, Call, answer, pairs_of
from hub.sandbox.easypost.account import EasyPost
from hub.sandbox.http import Asked, HttpServer
from hub.sandbox.merchant import Merchant
from hub.sandbox.postman import Postman
from hub.sandbox.scenario import Scenario
from hub.sandbox.shipbob.account import ShipBob
from hub.sandbox.shopify.shop import Shopify
from hub.sandbox.smtp import SmtpServer
from hub.sandbox.stripe.account import Stripe
from hub.sandbox.woocommerce.shop import WooCommerce
from hub.sandbox.world import World

CONTROL = "_sandbox"


class RunningWorld:
    """`with RunningWorld(world) as running:` serves it on loopback until the block ends.

    Accounts answer below `running.url + "/" + prefix` ("http://127.0.0.1:4010/stripe/main/v1/..."). A JSON object
    posted to `/_sandbox/<word>` steers: run {count, rate}, subscribe {prefix, url}, status {}, connections {}.
    """

    def __init__(
        self, world: World, host: str = "127.0.0.1", port: int = 0, smtp_port: int = 0, carriers: int = 6
    ) -> None:
        self.world = world
        self.scenario = Scenario(world)
        self.merchant = Merchant(world)
        self._http = HttpServer(self._answer, host, port)
        self._smtp = SmtpServer(self._receive, host, smtp_port)
        self._postman = Postman(world, carriers)

    @property
    def url(self) -> str:
        return self._http.url

    @property
    def smtp_port(self) -> int:
        return self._smtp.port

    def start(self) -> RunningWorld:
        self._http.start()
        self._smtp.start()
        self._postman.start()
        return self

    def stop(self) -> None:
        self._postman.stop()
        self._smtp.stop()
        self._http.stop()
        self.world.close()

    def __enter__(self) -> RunningWorld:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def connections(self) -> dict[str, dict[str, Any]]:
        """Per account: its base URL and everything a hub's connection must carry to it."""
        with self.world.lock:
            found = {prefix: credentials(account) | {"base_url": f"{self.url}/{prefix}"}
                     for prefix, account in self.world.accounts.items()}  # fmt: skip
            for prefix, carried in found.items():
                carried.setdefault("webhook_secret", self.world.webhook_secret(prefix))
        return found | {"mailbox": {"host": "127.0.0.1", "port": self.smtp_port}}

    def _answer(self, asked: Asked) -> Answer:
        target, _, query = asked.target.partition("?")
        provider, _, rest = target.lstrip("/").partition("/")
        now = self.world.clock()
        if provider == CONTROL:
            return self._control(rest, Call(asked.method, rest, {}, asked.headers, asked.body, now))
        name, _, path = rest.partition("/")
        prefix = f"{provider}/{name}"
        return self.world.handle(prefix, asked.method, path, pairs_of(query), asked.headers, asked.body, now)

    def _receive(self, sender: str, recipients: list[str], raw: bytes) -> Any:
        return self.world.mail(sender, recipients, raw, self.world.clock())

    def _control(self, word: str, call: Call) -> Answer:
        try:
            wanted: Mapping[str, Any] = call.json() if call.body else {}
        except BadBody as problem:
            return answer(400, {"error": str(problem)})
        if word == "status":
            return answer(200, self.world.status())
        if word == "connections":
            return answer(200, self.connections())
        if word == "subscribe":
            made = self.world.subscribe(wanted["prefix"], wanted["url"], wanted.get("secret"))
            return answer(200, {"id": made.id, "secret": made.secret})
        if word == "run":
            self.scenario.run(int(wanted["count"]), float(wanted["rate"]), call.now + float(wanted.get("after", 0)))
            return answer(200, self.world.status())
        return answer(404, {"error": f"the sandbox does not know the word {word!r}"})


def credentials(account: Any) -> dict[str, Any]:
    """What opens an account."""
    match account:
        case Shopify():
            return {"shop": account.domain, "client_id": account.client_id, "client_secret": account.client_secret,
                    "token": account.token, "webhook_secret": account.client_secret}  # fmt: skip
        case WooCommerce():
            return {
                "consumer_key": account.consumer_key,
                "consumer_secret": account.consumer_secret,
                "site": account.site,
            }
        case Stripe():
            return {"key": account.key}
        case ShipBob():
            return {"token": account.token, "channel": account.channel}
        case EasyPost():
            return {"key": account.key}
    return {}
