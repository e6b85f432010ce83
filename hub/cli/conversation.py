"""What `crossdock connect` says and asks, in order: the account, who does what today, what has no counterpart, what
is next."""

from __future__ import annotations

from hub.assembly.comparing import Comparison
from hub.assembly.connecting import Draft, Question, Role, answered, questions
from hub.assembly.home import Unfit
from hub.assembly.meeting import Meeting, arrange_signing, default_route
from hub.assembly.registering import Registered, address_of, by_hand, topics_of
from hub.cli import asking, say
from hub.language.secret import looks_leaked

_LETTERS = ("confirmation", "shipped", "delivered", "refunded", "cancelled")
_MOST = 12  # of a list, on a screen
_ORIGIN = {
    "company": "Company",
    "street_address": "Street and number",
    "extended_address": "More of the address (optional)",
    "address_locality": "City",
    "address_region": "State or region (optional)",
    "postal_code": "Postal code",
    "address_country": "Country (two letters, such as DE)",
    "phone_number": "Telephone (optional)",
}
_MEASURES = {
    "weight_grams": "Weight in grams",
    "length_mm": "Length in mm",
    "width_mm": "Width in mm",
    "height_mm": "Height in mm",
}


def introduce(draft: Draft) -> None:
    manifest = draft.connector.manifest
    say.line(f"{manifest.title}, as {draft.name}", "bold")
    if manifest.about:
        say.line(manifest.about.strip(), "dim")
    if draft.existed:
        say.line("It is connected already; Enter keeps an answer as it is.", "dim")
    say.line()


def ask(draft: Draft, given: set[str]) -> None:
    """Settings, then credentials; what was given with the command is not asked for."""
    for question in questions(draft):
        if question.name not in given:
            _ask_setting(draft, question)
    for name, secret in draft.connector.manifest.secrets.items():
        if name not in given:
            _ask_secret(draft, name, secret.title, secret.where, optional=secret.optional)


def again(draft: Draft) -> bool:
    """After the account refused: the credentials once more, if the person likes."""
    if not asking.confirm("Enter the credentials again?", default=True):
        return False
    for name, secret in draft.connector.manifest.secrets.items():
        _ask_secret(draft, name, secret.title, secret.where, optional=True)
    return True


def settle(draft: Draft, meeting: Meeting | None) -> None:
    """Everything that depends on what the connector is to the hub."""
    if meeting is not None:
        show_findings(meeting)
    _ask_env(draft, meeting)
    if Role.STOREFRONT in draft.roles:
        _ask_owners(draft)
    if Role.WAREHOUSE in draft.roles:
        _ask_warehouse(draft)
    if Role.CARRIER in draft.roles:
        _ask_carrier(draft)
    if meeting is not None:
        show_comparisons(meeting)
        _ask_tables(draft, meeting)
    _ask_route(draft)
    _ask_webhooks(draft)


def agreed(draft: Draft) -> bool:
    say.line()
    for name in draft.fresh:
        say.mark("note", f"the secret {name} goes into the encrypted store")
    return asking.confirm(f"Write {draft.name} into {draft.home.config}?", default=True)


def tell(draft: Draft, meeting: Meeting | None, registered: Registered | None, *, changed: bool) -> None:
    """What was done, and what is next."""
    say.mark("ok", f"{draft.name} stands in {draft.home.config}" + ("" if changed else ", as before"))
    if draft.part.get("act_from"):
        say.mark(
            "note", f"orders placed before {draft.part['act_from']} are history: the hub never begins them by itself"
        )
    if registered is not None:
        _registered(registered)
    elif Role.STOREFRONT in draft.roles:
        say.mark("note", "no webhooks are registered; its orders are asked for on a schedule")
    _by_hand(draft, registered)
    say.line()
    say.line("It observes: nothing is changed anywhere until it goes live.")
    say.line(f"Next: crossdock doctor, crossdock plan --last 50, then crossdock go-live {draft.name}")


# --- questions


def _ask_setting(draft: Draft, question: Question) -> None:
    asking.hint(question.where)
    while True:
        text = _typed(question)
        if text is None and (question.optional or question.default is not None):
            return
        if text is not None and text == question.default and question.name not in (draft.part.get("settings") or {}):
            return  # the connector's own default: it need not stand in the file
        wrong = _taken(draft, question, text or "")
        if wrong is None:
            return
        say.mark("warn", *wrong)


def _typed(question: Question) -> str | None:
    title = question.title
    if question.kind == "boolean":
        return str(asking.confirm(f"{title}?", default=question.default == "true")).lower()
    if question.choices:
        return asking.choose(title, question.choices, question.default or question.choices[0])
    return asking.text(
        title + (" (optional)" if question.optional and question.default is None else ""), question.default
    )


def _taken(draft: Draft, question: Question, text: str) -> tuple[str, str | None] | None:
    """Puts the answer into the draft; what is wrong with it, if something is."""
    if looks_leaked(text):
        return "that looks like a secret, and this is none of them", None
    try:
        draft.part.setdefault("settings", {})[question.name] = answered(question, text)
    except Unfit as fault:
        return str(fault), None
    faults = [misfit for misfit in draft.misfits() if misfit.path == ("settings", question.name)]
    return (faults[0].what, faults[0].mend) if faults else None


def _ask_secret(draft: Draft, name: str, title: str, where: str | None, *, optional: bool) -> None:
    held = name in (draft.part.get("secrets") or {})
    value = asking.hidden(title, where, optional=optional or held)
    if value is not None:
        draft.put_secret(name, value)


def _ask_env(draft: Draft, meeting: Meeting | None) -> None:
    if meeting is not None and meeting.env is not None:
        draft.part["env"] = meeting.env
        say.mark("note", f"these are {meeting.env} credentials")
        return
    default = str(draft.part.get("env", "live"))
    asking.hint("Test orders and test accounts never meet live ones.")
    draft.part["env"] = asking.choose("Is this account live, or a test", ("live", "test"), default)


def _ask_owners(draft: Draft) -> None:
    """One owner for each thing, so that nothing is done twice and nothing by nobody."""
    owners = draft.part.setdefault("owners", {})
    say.line()
    say.line("Who does what, from the moment you go live", "bold")
    asking.hint("storefront: it goes on as today, by the store's own settings, an app, or somebody in the store.")
    owners["capture"] = asking.choose(
        "Who captures authorised payments", ("storefront", "hub"), str(owners.get("capture", "storefront"))
    )
    owners["fulfill"] = asking.choose("Who ships", ("hub", "storefront"), str(owners.get("fulfill", "hub")))
    if owners["fulfill"] == "hub" and asking.confirm(
        "Does an app, a plugin or a person send this store's orders to a warehouse today?", default=False
    ):
        say.mark("warn", "switch that off before you go live, or both will ship", "crossdock go-live is the moment")
    if draft.config.hub.mail is None:
        asking.hint("No connection sends mail yet, so the storefront writes to the customers.")
        return
    told = owners.get("mail") or {}
    all_hub = all(told.get(kind) == "hub" for kind in ("confirmation", "shipped"))
    who = asking.choose("Who writes to the customers", ("storefront", "hub"), "hub" if all_hub else "storefront")
    owners["mail"] = dict.fromkeys(_LETTERS, who) if who == "hub" else {**told, **dict.fromkeys(told, who)}


def _ask_warehouse(draft: Draft) -> None:
    told = bool(draft.part.get("collects_cash", False))
    if asking.confirm("Does it collect cash on delivery for you?", default=told):
        draft.part["collects_cash"] = True
    elif told:
        draft.part["collects_cash"] = False


def _ask_carrier(draft: Draft) -> None:
    say.line()
    say.line("Where parcels leave from", "bold")
    origin = dict(draft.part.get("origin") or {})
    for key, title in _ORIGIN.items():
        text = asking.text(title, origin.get(key))
        if text is not None:
            origin[key] = text.upper() if key == "address_country" else text
    draft.part["origin"] = origin
    parcel = dict(draft.part.get("parcel") or {})
    say.line("What a parcel measures where nothing says otherwise", "bold")
    for key, title in _MEASURES.items():
        text = asking.text(title, str(parcel[key]) if key in parcel else None)
        if text is not None and text.isdigit():
            parcel[key] = int(text)
    draft.part["parcel"] = parcel


def _ask_tables(draft: Draft, meeting: Meeting) -> None:
    taken = meeting.propose(draft)
    for setting, table in taken.items():
        title = draft.connector.manifest.settings[setting].title
        say.line()
        say.line(f"Proposed: {title}", "bold")
        say.table(("Storefront", draft.name), list(table.items()))
        if not asking.confirm("Take these?", default=True):
            draft.part["settings"].pop(setting)


def _ask_route(draft: Draft) -> None:
    method = default_route(draft)
    if method is None or any(rule.connection == draft.name for rule in draft.config.routing):
        return
    first = not draft.config.routing
    question = (
        f"Send everything that no other rule takes to {draft.name}?"
        if not first
        else f"Send the orders to {draft.name}?"
    )
    if asking.confirm(f"{question} {draft.name}?", default=first):
        draft.route = method


def _ask_webhooks(draft: Draft) -> None:
    source, url = draft.source, draft.config.hub.public_url
    if source is None or url is None or (draft.part.get("webhook") or {}).get("secrets"):
        return
    say.line()
    if draft.register:
        arrange_signing(draft)
    else:
        say.line(f"Webhooks of {source.manifest.title} are set up by hand", "bold")
        say.line(by_hand(source, address_of(url, draft.name)))
    if not (draft.part.get("webhook") or {}).get("secrets"):
        value = asking.hidden("Signing secret", source.manifest.signature.secret_help, optional=True)
        if value is not None:
            draft.put_webhook_secret(value)


# --- telling


def show(meeting: Meeting) -> None:
    """Everything that was found."""
    show_findings(meeting)
    show_comparisons(meeting)


def show_findings(meeting: Meeting) -> None:
    for finding in meeting.findings:
        say.mark(finding.state, f"{finding.subject}: {finding.says}", finding.mend)


def show_comparisons(meeting: Meeting) -> None:
    """What was found on both sides, and what has no counterpart."""
    found = meeting.sold
    if found is not None and (found.orders or found.unreadable):
        say.line()
        say.mark("ok", f"{say.count(found.orders, 'recent order')} read: {say.count(len(found.skus), 'SKU')}")
        if found.unreadable:
            say.mark("warn", f"{say.count(found.unreadable, 'order')} could not be read; crossdock plan says why")
        if found.without_sku:
            say.mark(
                "warn", f"{say.count(found.without_sku, 'order')} have articles without a SKU: no warehouse knows them"
            )
    for name, one in meeting.comparisons.items():
        _compared(name, one)


def _compared(name: str, one: Comparison) -> None:
    if one.unknown_skus:
        more = f"; {len(one.unknown_skus) - _MOST} more" if len(one.unknown_skus) > _MOST else ""
        listed = [sku + (f" (is it {like}?)" if like else "") for sku, like in list(one.unknown_skus.items())[:_MOST]]
        orders = say.count(one.orders_with_unknown_skus, "order")
        say.mark(
            "warn", f"{say.count(len(one.unknown_skus), 'SKU')} of {orders} are not at {name}", ", ".join(listed) + more
        )
    elif one.stocked:
        say.mark("ok", f"every SKU of the recent orders is at {name}")
    if one.unmapped_services:
        say.mark("warn", f"shipping services without a counterpart at {name}", ", ".join(one.unmapped_services))
    if one.unmapped_locations:
        say.mark("note", f"locations without a counterpart at {name}", ", ".join(one.unmapped_locations))


def _registered(found: Registered) -> None:
    if found.made:
        say.mark("ok", f"{say.count(len(found.made), 'webhook')} registered: {', '.join(found.made)}")
    if found.there:
        say.mark("ok", f"{say.count(len(found.there), 'webhook')} registered before")
    for topic, why in found.failed.items():
        say.mark("fail", f"{topic} could not be registered: {why}", "mend it and run the command again")


def _by_hand(draft: Draft, registered: Registered | None) -> None:
    """What is left to a person, and what to do when it is done."""
    source, url = draft.source, draft.config.hub.public_url
    if registered is not None or source is None or url is None:
        return
    address = address_of(url, draft.name)
    if (draft.part.get("webhook") or {}).get("secrets"):
        say.mark("note", f"webhooks come in at {address}: {', '.join(topics_of(source))}")
        return
    again = f"crossdock connect {draft.connector.name} --as {draft.name}"
    say.mark("warn", f"webhooks of {draft.name} are to be set up by hand, and its news comes late until then")
    say.line(f"  {by_hand(source, address)}")
    say.line(f"  Then give the hub the signing secret: {again}", "dim")
