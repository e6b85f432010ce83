"""`python -m hub.server FOLDER`: the hub of an installation, served until SIGTERM or SIGINT. `crossdock serve`
becomes this.

Exit codes: 0 after a clean stop, 1 where it cannot run now (the port is taken, another hub runs), 2 where something in
the installation is to be mended.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hub.assembly import garbage
from hub.assembly.config import FILE, HubConfig, HubPart, is_loopback
from hub.assembly.fault import ANSWER_IS_NO, TO_BE_MENDED, fault_of
from hub.assembly.hub import open_hub
from hub.assembly.log import speak
from hub.assembly.watch import Watch
from hub.language.document import load, validate
from hub.server.app import create_app
from hub.server.serving import Application, CannotServe, serve
from hub.server.setup import offer_setup


def main(arguments: list[str] | None = None) -> int:
    """Runs until it is stopped; the process's exit code."""
    told = _parser().parse_args(arguments)
    speak(level=told.log_level)
    try:
        config = validate(load(told.folder / FILE), HubConfig)
        host, port = config.bind()
        return _run(told, told.host or host, told.port or port, config.hub)
    except CannotServe as error:
        _say(str(error))
        return ANSWER_IS_NO
    except Exception as error:
        return _refuse(error)


def _run(told: argparse.Namespace, host: str, port: int, hub: HubPart) -> int:
    if not is_loopback(host) and not hub.behind_proxy:
        _say(f"listening on {host} would offer the hub to others without TLS; set hub.behind_proxy in {FILE}")
        return TO_BE_MENDED
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    serve(
        lambda: _application(told.folder, address),
        host,
        port,
        hub.threads,
        engine=told.engine,
        on_listening=lambda: _say(f"serving on {address}"),
    )
    _say("stopped; nothing that was acknowledged is lost")
    return 0


def _application(folder: Path, address: str) -> Application:
    """Opened in the process that serves, which is not always the one that was started."""
    hub = open_hub(folder)
    try:
        app = create_app(hub.desk)
        hub.after_reload.append(lambda: app.extensions.update(desk=hub.desk))
        token = offer_setup(hub.desk)
        if token is not None:
            _say(f"nobody has an account yet; the first is made with this token, once, at {address}/setup\n    {token}")
        hub.start()
        watch = Watch(hub)
        watch.start()
        garbage.settle()
    except BaseException:
        hub.close()
        raise

    def drain() -> None:
        watch.stop()
        hub.close()

    door = hub.front_door(app)
    return Application(door, drain=drain, door=door.look)


def _refuse(error: Exception) -> int:
    fault = fault_of(error)
    if fault is None:
        raise error
    for problem in fault.problems:
        _say(str(problem), name=False)
    if not fault.problems:
        _say(fault.what)
    return fault.exit_code


def _say(text: str, *, name: bool = True) -> None:
    print(f"crossdock: {text}" if name else text, file=sys.stderr, flush=True)  # noqa: T201 - the process's own words


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hub.server", description="Serves a hub until it is stopped.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--engine", choices=["granian", "gunicorn"], default="granian")
    parser.add_argument("--log-level", choices=["debug", "info", "warning", "error"], default="info")
    return parser


if __name__ == "__main__":
    sys.exit(main())
