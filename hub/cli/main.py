"""`crossdock`: the commands by name, each in a module of its own that is imported only when it is used.

What a command may raise on purpose is said here once: problems in files and a missing installation end with 2, a
refusal with 1, and none of them with a traceback.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, MutableMapping
from typing import Any

import click

from hub import __version__

# Word: (module of hub.cli that has it as `command`, what it does). The order is that of the help.
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Try it": {
        "demo": ("demo", "A hub and a world of providers full of faults, and a counted verdict."),
        "try": ("try_cmd", "Try a webhook or a mapping on files, without a hub."),
    },
    "Set up": {
        "init": ("init", "Make the folder of an installation."),
        "connect": ("connect", "Connect a provider's account, step by step."),
        "secret": ("secret", "Store, list and rotate secrets."),
        "connector": ("connector", "Show what a provider's declarations say, or begin new ones."),
        "check": ("check", "Say what is wrong in the declarations, where, and how to mend it."),
        "schema": ("schema", "The JSON Schema of a kind of declaration, for an editor."),
        "mail": ("mail", "See the letters to customers, and take them over to change them."),
        "plan": ("plan_cmd", "What would be called for the latest orders, with amounts."),
        "go-live": ("go_live", "Let connections act, after checking that they can."),
    },
    "Run": {
        "serve": ("serve", "Run the hub until it is stopped."),
        "worker": ("worker", "Do what is due, beside serve and other workers."),
        "doctor": ("doctor", "Examine clock, disk, database, secrets and every connection."),
        "store": ("store", "Copy the books into a PostgreSQL database, to go on there."),
        "upgrade": ("upgrade", "Back up, bring the database to this version, and examine it."),
        "users": ("users", "Who may use the console, and what each may do."),
        "tokens": ("tokens", "Tokens for programs that read the API or the metrics."),
        "pause": ("pause", "Let nothing go out over a connection."),
        "resume": ("resume", "Let a paused connection work again."),
    },
    "Operate": {
        "attention": ("attention", "Everything that needs a person, with what to do about it."),
        "orders": ("orders", "List orders, show one, tell what happened to it."),
        "messages": ("messages", "List what was received, show one message."),
        "steps": ("steps", "List the steps that are dead, parked or held."),
        "replay": ("replay", "Try again what was stopped: first the plan, then exactly that."),
        "release": ("release", "Let go on what waits for a person's word."),
        "resolve": ("resolve", "Say whether something in doubt has happened."),
        "letters": ("letters", "Say of all letters in doubt whether they were sent."),
        "adopt": ("adopt", "Begin one order of history."),
        "cancel": ("cancel", "Cancel an order: take back what was not sent, undo what was."),
        "refund": ("refund", "Refund money of an order."),
        "reconcile": ("reconcile", "Compare a storefront's orders with the hub's."),
    },
}


_WORDS = {word: entry for section in SECTIONS.values() for word, entry in section.items()}
_JSON = "crossdock.json"  # whether an answer in JSON was asked for, wherever in the line


class _Commands(MutableMapping[str, click.Command]):
    """The commands by word; looking one up imports it."""

    def __init__(self) -> None:
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, word: str) -> click.Command:
        if word not in self._loaded:
            module = importlib.import_module(f"hub.cli.{_WORDS[word][0]}")
            self._loaded[word] = module.command
        return self._loaded[word]

    def __setitem__(self, word: str, command: click.Command) -> None:
        self._loaded[word] = command

    def __delitem__(self, word: str) -> None:
        del self._loaded[word]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*_WORDS, *self._loaded]))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, word: object) -> bool:
        return word in _WORDS or word in self._loaded


class _Crossdock(click.Group):
    """Lists its commands by what they are for, without importing any."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            ctx.fail(_unknown(args[0]))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, words in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(word, about) for word, (_, about) in words.items()], col_max=14)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            from hub.cli.fault import explain  # noqa: PLC0415 - only when something went wrong

            code = explain(error, as_json=ctx.meta[_JSON])
            if code is None:
                raise
            ctx.exit(code)


def _unknown(word: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only for a mistyped word

    close = get_close_matches(word, _WORDS, n=1)
    return f"there is no command '{word}'" + (f"; did you mean 'crossdock {close[0]}'?" if close else "")


@click.group(
    name="crossdock",
    cls=_Crossdock,
    commands=_Commands(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command explains itself: crossdock COMMAND --help",
)
@click.option("--home", metavar="DIR", help="The installation's folder; by default the nearest above with a hub.yaml.")
@click.version_option(__version__, prog_name="crossdock", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context, home: str | None) -> None:
    """Carries orders from the storefront's webhook to the doorstep, once."""
    ctx.obj = home


if __name__ == "__main__":
    sys.exit(main())
