"""`crossdock connect CONNECTOR --as NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hub.assembly.answers import read_answers, refuse
from hub.assembly.connecting import Draft, begin, write
from hub.assembly.home import find_home
from hub.assembly.meeting import Meeting, meet, take_in
from hub.assembly.registering import Registered, address_of, by_hand, topics_of
from hub.cli import conversation, say


@click.command(
    "connect",
    epilog="Examples: crossdock connect shopify --as shop · "
    "crossdock connect stripe --as stripe-main --secret api_key='${env:STRIPE_KEY}' --env live --yes",
)
@click.argument("connector")
@click.option("--as", "name", required=True, metavar="NAME", help="What the connection is called here, such as shop.")
@click.option(
    "--answers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A YAML file with what would be asked, as it would stand in hub.yaml; nothing is asked then.",
)
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the connector.")
@click.option("--secret", "secrets", multiple=True, metavar="NAME=REFERENCE", help="${env:X}, ${file:/p}, ${secret:n}.")
@click.option("--webhook-secret", metavar="REFERENCE", help="What its deliveries are signed with.")
@click.option("--env", type=click.Choice(["live", "test"]), help="By default what the credentials tell, else test.")
@click.option("--base-url", metavar="URL", help="Instead of the connector's own address.")
@click.option("--private-target", "targets", multiple=True, metavar="HOST[:PORT]", help="In your network, allowed.")
@click.option(
    "--owner", "owners", multiple=True, metavar="WHAT=WHO", help="capture=hub, fulfill=hub, mail.shipped=hub."
)
@click.option("--no-test", is_flag=True, help="Do not try it out.")
@click.option("--no-register", is_flag=True, help="Register no webhooks.")
@click.option("--yes", is_flag=True, help="Ask nothing: what is not given stays as it is by default.")
@say.home_option
@say.json_option
def command(
    connector: str,
    name: str,
    answers: Path | None,
    settings: tuple[str, ...],
    secrets: tuple[str, ...],
    webhook_secret: str | None,
    env: str | None,
    base_url: str | None,
    targets: tuple[str, ...],
    owners: tuple[str, ...],
    no_test: bool,
    no_register: bool,
    yes: bool,
    home: Path | None,
    as_json: bool,
) -> None:
    """Connect a provider's account: asks for what it needs and says where to find it, tries it out, writes hub.yaml.

    Credentials are asked for without showing them and go into the encrypted store. What is read of the account is
    compared with your other connections: which services, locations and SKUs have a counterpart, and which have none.
    A new connection observes: it changes nothing until crossdock go-live, webhooks that are registered apart.

    Run it again to change an answer. Ends with 1 where the account refuses the credentials.
    """
    draft = begin(find_home(home), connector, name)
    document, told = read_answers(answers)
    given = _flags(settings, secrets, webhook_secret, env, base_url, targets, owners)
    take_in(draft, told)
    take_in(draft, given)
    asks = not (yes or answers or as_json)
    if asks:
        conversation.introduce(draft)
        conversation.ask(draft, set(given.get("settings") or {}) | set(given.get("secrets") or {}))
    refuse(document, [(misfit.path, misfit.what, misfit.mend) for misfit in draft.misfits()])
    meeting = _tried(draft, asks=asks) if not no_test else None
    if asks:
        conversation.settle(draft, meeting)
    elif meeting is not None:
        meeting.propose(draft)
    draft.register = draft.register and not no_register
    _finish(draft, meeting, asks=asks, as_json=as_json)


def _flags(
    settings: tuple[str, ...],
    secrets: tuple[str, ...],
    webhook_secret: str | None,
    env: str | None,
    base_url: str | None,
    targets: tuple[str, ...],
    owners: tuple[str, ...],
) -> dict[str, Any]:
    given: dict[str, Any] = {
        "settings": dict(say.pair(text) for text in settings),
        "secrets": {key: str(value) for key, value in map(say.pair, secrets)},
        "env": env,
        "base_url": base_url,
        "private_targets": list(targets),
        "webhook": {"secrets": [webhook_secret]} if webhook_secret else None,
        "owners": _owners(owners),
    }
    return {key: value for key, value in given.items() if value}


def _owners(texts: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in map(say.pair, texts):
        what, dot, kind = key.partition(".")
        if dot:
            found.setdefault(what, {})[kind] = value
        else:
            found[what] = value
    return found


def _tried(draft: Draft, *, asks: bool) -> Meeting:
    """The account, asked who it is and what it has; credentials that are refused are asked for again."""
    while True:
        with say.console(stderr=True).status(f"asking {draft.connector.manifest.title}"):
            meeting = meet(draft)
        if meeting.works:
            return meeting
        for finding in meeting.findings:
            say.mark(finding.state, f"{finding.subject}: {finding.says}", finding.mend, stderr=True)
        if not asks or not conversation.again(draft):
            raise SystemExit(1)


def _finish(draft: Draft, meeting: Meeting | None, *, asks: bool, as_json: bool) -> None:
    if asks and not conversation.agreed(draft):
        raise click.Abort
    changed = write(draft)
    registered = meeting.register(draft) if meeting is not None and draft.register else None
    if as_json:
        say.json_out(_document(draft, meeting, registered, changed))
    else:
        if not asks and meeting is not None:
            conversation.show(meeting)
        conversation.tell(draft, meeting, registered, changed=changed)
    raise SystemExit(1 if registered is not None and registered.failed else 0)


def _document(draft: Draft, meeting: Meeting | None, registered: Registered | None, changed: bool) -> dict[str, Any]:
    return {
        "connection": draft.name,
        "connector": draft.connector.name,
        "env": draft.part.get("env"),
        "mode": draft.part.get("mode"),
        "act_from": draft.part.get("act_from"),
        "roles": sorted(role.value for role in draft.roles),
        "changed": changed,
        "findings": meeting.findings if meeting else [],
        "account": meeting.account if meeting else None,
        "comparisons": meeting.document() if meeting else [],
        "webhooks": registered,
        "by_hand": _by_hand(draft, registered),
    }


def _by_hand(draft: Draft, registered: Registered | None) -> dict[str, Any] | None:
    """What is left to a person; None where nothing is, or nobody outside can reach the hub."""
    source, url = draft.source, draft.config.hub.public_url
    if registered is not None or source is None or url is None:
        return None
    address = address_of(url, draft.name)
    signed = bool((draft.part.get("webhook") or {}).get("secrets"))
    return {
        "address": address,
        "topics": topics_of(source),
        "how": by_hand(source, address),
        "has_signing_secret": signed,
    }
