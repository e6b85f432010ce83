"""Why something stopped: every cause code once, in plain words, with the one thing to do about it.

The flow, the mappings and the front door stop things with a code. Whatever shows a stopped thing to a person (the
console, `crossdock attention`, the API, a log) takes its words from this table. To add a code, add a row.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What a person can be asked to do. The value is the command's name, where there is one."""

    RELEASE = "release"  # let a held step, order or message go on
    REPLAY = "replay"  # try again, after something was mended
    RESOLVE = "resolve"  # say whether it happened
    RESUME = "resume"  # let a paused connection work again
    DOCTOR = "doctor"  # find out what is wrong with a connection
    CHECK = "check"  # find out what is wrong with a declaration
    GO_LIVE = "go-live"
    ADOPT = "adopt"
    SHOW = "show"  # look, and decide
    WAIT = "wait"  # nothing: it goes on by itself


class Weight(StrEnum):
    """How much depends on it: the order of a list of needs, and its colour."""

    DOUBT = "doubt"  # money or goods may have moved, and the hub cannot tell
    STOPPED = "stopped"  # refused, or given up
    DECISION = "decision"  # waits for a yes or a no
    SETUP = "setup"  # something about the installation, not about one order
    NOTICE = "notice"  # goes on by itself, or explains why nothing is done


@dataclass(frozen=True)
class Cause:
    """One reason. `words` and `advice` may name {connection} and {what} (the capability's title, in lower case): nobody
    is shown them but through `say`, `in_words` or `advice_on`, which fill them in.

    `whole_connection`: everything stopped for it at one connection is one need, mended at one place.
    `whole_order`: what is decided is decided for the order, not for one of its steps.
    """

    code: str
    title: str
    words: str
    advice: str
    act: Act
    weight: Weight
    whole_connection: bool = False
    whole_order: bool = False

    @property
    def needs_person(self) -> bool:
        return self.weight is not Weight.NOTICE


def _decision(code: str, title: str, words: str, advice: str, act: Act = Act.RELEASE, *, whole: bool = False) -> Cause:
    return Cause(code, title, words, advice, act, Weight.DECISION, whole_order=whole)


def _doubt(code: str, title: str, words: str, advice: str) -> Cause:
    return Cause(code, title, words, advice, Act.RESOLVE, Weight.DOUBT)


def _stopped(code: str, title: str, words: str, advice: str, act: Act = Act.REPLAY) -> Cause:
    return Cause(code, title, words, advice, act, Weight.STOPPED)


def _setup(code: str, title: str, words: str, advice: str, act: Act, *, whole: bool = True) -> Cause:
    return Cause(code, title, words, advice, act, Weight.SETUP, whole_connection=whole)


def _notice(code: str, title: str, words: str, advice: str = "Nothing to do.") -> Cause:
    return Cause(code, title, words, advice, Act.WAIT, Weight.NOTICE)


# fmt: off
def _rows() -> tuple[Cause, ...]:
    return (
        # --- a connection, or how it is set up
        _setup("paused", "Connection paused",
               "{connection} is paused, so nothing is sent to it.",
               "Resume it when whatever made you pause it is mended.", Act.RESUME),
        _setup("credentials", "Credentials refused",
               "{connection} refuses the credentials it was given; nothing was sent.",
               "Give it working credentials; what waits for it then goes on.", Act.DOCTOR),
        _setup("observe", "Only observing",
               "{connection} only observes: the hub knows what it would do and does not do it.",
               "Look at the plan, then go live.", Act.GO_LIVE),
        _setup("no_connection", "Nobody to ask",
               "No connection is set up to {what}.",
               "Connect one, or say in the routing rules which one it is.", Act.CHECK, whole=False),
        _setup("unsupported", "Not supported",
               "{connection} cannot {what}.",
               "Route it to a connection that can, or do it by hand and tell the hub.", Act.CHECK, whole=False),
        _setup("test_and_live", "Test and live mixed",
               "The order and {connection} are not both live, or not both test.",
               "Route the order to a connection of its own kind.", Act.CHECK, whole=False),
        _setup("unrouted", "No route",
               "No routing rule says who ships these lines.",
               "Add a rule to the routing; the order then goes on.", Act.CHECK, whole=False),
        _setup("unknown_flow", "Flow is gone",
               "The flow that this step belongs to is no longer declared.",
               "Put the flow back, or cancel the order's run.", Act.CHECK, whole=False),
        Cause("breaker", "Provider is failing",
              "{connection} fails again and again, so it is left alone for a while.",
              "Nothing to do: it is tried again by itself. If it lasts, ask the provider.",
              Act.WAIT, Weight.NOTICE, whole_connection=True),
        # --- a decision about an order
        _decision("approval", "Waits for your approval",
                  "Orders of this connection begin when a person releases them.",
                  "Look at the order, then release it.", whole=True),
        _decision("source_on_hold", "On hold in the store",
                  "The storefront holds this order back.",
                  "Lift the hold in the storefront, and the order goes on. Release it only to overrule the store."),
        _decision("high_risk", "Flagged as risky",
                  "The storefront flags this order as likely fraud.",
                  "Look at it in the storefront. Release it if you trust it, cancel it if you do not.", whole=True),
        _decision("payment_unknown", "Who holds the money?",
                  "The order was paid by a method the hub does not know.",
                  "Make sure it is paid, then release it. Teach the mapping the method for the next one."),
        _decision("address_incomplete", "Address incomplete",
                  "The address lacks what is needed to deliver.",
                  "Complete it in the storefront; the order then goes on."),
        _decision("address_refused", "Address not deliverable",
                  "{connection} does not find this address.",
                  "Correct it in the storefront, or release it if you know that it is right."),
        _decision("cod_not_collectable", "Cash cannot be collected",
                  "It is to be paid at the door, and {connection} cannot collect cash.",
                  "Route the order to a warehouse that can, or agree another payment with the buyer."),
        _decision("cod_split", "Cash on delivery in several parcels",
                  "It is to be paid at the door, but ships from several places.",
                  "Decide which parcel collects the money, or ship the order from one place."),
        _decision("overtaken", "Changed meanwhile",
                  "The order was changed in the storefront before the hub came to {what}; nothing was sent.",
                  "Look at what changed. Release it to go on with the order as it stands now."),
        _decision("changed_after", "Changed too late",
                  "The order was changed after the hub had already sent what it says.",
                  "Put it right with the provider by hand, then release it."),
        _decision("not_shipped_in_time", "Not shipped in time",
                  "{connection} has had the order for longer than it should take.",
                  "Ask the warehouse. Release it to wait once more."),
        _decision("warehouse_exception", "Problem at the warehouse",
                  "{connection} reports a problem with this order.",
                  "Mend it at the warehouse, which then reports again. Release it to ask once more."),
        _decision("unbalanced", "Totals do not add up",
                  "The lines, discounts, shipping and taxes do not add up to the total.",
                  "Compare it with the storefront, then release it.", whole=True),
        _decision("not_open", "Not open in the store",
                  "The storefront does not count this order as open.",
                  "Open it in the storefront, and the order goes on."),
        _decision("sums", "More than there is",
                  "To {what} would move more money or goods than the order has left.",
                  "Look at what was already moved; somebody may have done it in the storefront.", Act.SHOW),
        # --- money or goods in doubt
        _doubt("unlike", "Found, but not the same",
               "{connection} has something under our reference that differs from what was sent.",
               "Compare the two at the provider, then say whether it happened."),
        _doubt("ambiguous", "Found more than one",
               "{connection} has several things under our reference.",
               "Find the right one at the provider, undo the others there, then say which it is."),
        _doubt("absent", "Not found, but not certain",
               "No answer came, and {connection} shows no trace of it; its search may miss things.",
               "Look at the provider, then say whether it happened."),
        _doubt("key_expired", "Too late to ask safely",
               "No answer came, and {connection} no longer remembers the request.",
               "Look at the provider, then say whether it happened."),
        _doubt("no_way_to_know", "Nobody can tell",
               "No answer came, and {connection} offers no way to find out.",
               "Look at the provider, then say whether it happened."),
        _doubt("restored", "From before the backup's return?",
               "These books are a backup that was put back. What was done after the backup is not in them, and "
               "{connection} offers no way to find out.",
               "Find out at the provider, or from whoever would have received it; then say whether it happened."),
        # --- refused or given up
        _stopped("refused", "Refused",
                 "{connection} refuses to {what}.",
                 "Mend what it objects to, then replay. It is refused again unless something changed."),
        _stopped("exhausted", "Given up",
                 "To {what} was tried as often as allowed; nothing was executed.",
                 "See whether {connection} works again, then replay."),
        _stopped("cannot_prepare", "Cannot be said",
                 "The order lacks something that {connection} needs to {what}.",
                 "Complete the order in its storefront, then replay."),
        _stopped("expression", "A rule cannot be computed",
                 "A rule of the flow fails on this order.",
                 "Mend the flow's expression, then replay.", Act.CHECK),
        # --- messages
        _setup("unmappable", "Cannot be understood",
               "A message of {connection} does not fit its mapping.",
               "Mend the mapping, or have the source corrected; then release what is held.", Act.RELEASE),
        _setup("unknown_mapping", "No such mapping",
               "Messages of {connection} name a mapping that does not exist.",
               "Add the mapping, or correct its name at the webhook; then release the message.", Act.CHECK),
        _setup("defect", "The hub stumbled",
               "A message of {connection} could not be handled: a fault of the hub.",
               "Report it with the message's number. Release it after the update that mends it.", Act.RELEASE),
        _setup("unknown_connection", "No such connection",
               "Messages came for {connection}, which is no longer configured.",
               "Put the connection back into the configuration, then release what is held.", Act.RELEASE),
        Cause("conflict", "Same number, other content",
              "{connection} sent two different bodies under one delivery id; the first one counts.",
              "Compare the two. If the second is right, correct the order in its storefront.", Act.SHOW, Weight.SETUP),
        # --- dates
        Cause("expiring", "Authorisation runs out",
              "The buyer's money is only reserved, and the reservation ends soon.",
              "Capture it before then: find out what holds the order back.", Act.SHOW, Weight.DECISION),
        Cause("expired", "Authorisation has run out",
              "The buyer's money was only reserved, and the reservation has ended.",
              "Ask the buyer to pay again, or cancel the order.",
              Act.SHOW, Weight.DECISION),
        # --- goes on by itself, or says why nothing is done
        _notice("payment_waiting", "Waits for the money",
                "The payment has not arrived yet.",
                "Nothing to do: it goes on when the storefront reports the payment."),
        _notice("order_cancelled", "Order cancelled",
                "The order was cancelled."),
        _notice("changed_back", "Changed back",
                "What had been changed after the order was sent is as it was again."),
        _notice("fulfilled_elsewhere", "Shipped elsewhere",
                "The goods left without the hub."),
        _notice("nothing_to_ship", "Nothing to ship",
                "No goods are left to send."),
        _notice("done_at_source", "Done in the store",
                "The storefront has already done it."),
        _notice("does_not_apply", "Not needed",
                "The flow's rule says that this order does not need it."),
        _notice("predecessor_cancelled", "Withdrawn",
                "What it depends on was taken back, and nothing had been sent."),
        _notice("not_all_shipped", "Left to the storefront",
                "Part of the order is shipped by somebody else, so the hub does not call it complete."),
        _notice("not_wanted", "No longer wanted",
                "The order changed, and nothing had been sent."),
        _notice("test_order", "Test order",
                "A test order never joins a live flow."),
        _notice("abandoned", "Abandoned",
                "A person decided to leave it."),
        _notice("over_at_source", "Over before the hub saw it", "It was cancelled, completed or shipped already."),
        Cause("history", "Placed before the start",
              "The order is older than the moment from which the hub acts.",
              "Nothing to do. Adopt it if the hub should carry it all the same.", Act.ADOPT, Weight.NOTICE),
    )
# fmt: on


CAUSES: dict[str, Cause] = {cause.code: cause for cause in _rows()}


def cause_of(code: str | None) -> Cause:
    """The table's row; for a code it lacks, one that at least says so and sends a person to look."""
    if code is not None and code in CAUSES:
        return CAUSES[code]
    title = (code or "stopped").replace("_", " ").capitalize()
    words = f"It stopped for a reason that this version has no words for: '{code or 'none'}'."
    return Cause(code or "stopped", title, words, "Look at it and decide.", Act.SHOW, Weight.DECISION)


def in_words(code: str | None, *, connection: str | None = None, what: str | None = None) -> str:
    """The sentence of a cause, filled in; `what` as `hub.model.capability.doing` says it."""
    return say(cause_of(code).words, connection=connection, what=what)


def advice_on(code: str | None, *, connection: str | None = None, what: str | None = None) -> str:
    """What to do about a cause, filled in."""
    return say(cause_of(code).advice, connection=connection, what=what)


def say(text: str, *, connection: str | None, what: str | None) -> str:
    """`words` or `advice` of a cause, filled in. A connection's name keeps its own letters, even where it begins."""
    filled = text.replace("{connection}", connection or "the provider").replace("{what}", what or "go on")
    return filled if connection and text.startswith("{connection}") else filled[:1].upper() + filled[1:]
