"""A process that serves a small application the way the hub is served; run by the tests beside it.

python small_hub.py ENGINE PORT GRACE_SECONDS
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

from hub.server.serving import Application, CannotServe, serve


def say(word: str) -> None:
    sys.stdout.write(f"{word} {os.getpid()}\n")
    sys.stdout.flush()


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/slow":
        time.sleep(1.0)
    if path == "/body":
        environ["wsgi.input"].read(10)
    if path == "/fault":
        raise RuntimeError("a fault of the application's")
    cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")] if path == "/cookies" else []
    start_response("200 OK", [("Content-Length", "2"), *cookies])
    return [b"ok"]


def main() -> None:
    engine, port, grace = sys.argv[1:]
    say("begin")
    try:
        serve(
            lambda: Application(app, lambda: say("drained")),
            "127.0.0.1",
            int(port),
            8,
            engine=engine,  # type: ignore[arg-type]
            grace_seconds=float(grace),
            on_listening=lambda: say("listening"),
        )
    except CannotServe as error:
        sys.stdout.write(f"refused {error}\n")
        sys.exit(3)
    say("returned")


if __name__ == "__main__":
    main()
