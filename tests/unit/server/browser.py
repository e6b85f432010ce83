"""A browser as the console meets it: it keeps cookies, and sends forms with what their page held."""

from __future__ import annotations

import re

from flask import Flask
from werkzeug.test import TestResponse

from hub.model.account import Role

PASSWORD = "correct horse battery"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Browser:
    def __init__(self, app: Flask, *, base_url: str = "http://127.0.0.1:8480") -> None:
        self.client = app.test_client()
        self.base_url = base_url

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, base_url=self.base_url, headers=_dashed(headers))

    def post(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        """The form as it is given, and nothing with it."""
        return self.client.post(path, base_url=self.base_url, data=form, headers=_dashed(headers))

    def send(self, page: str, to: str, **typed: str) -> TestResponse:
        """Loads a page, fills in its form, and sends it to `to`."""
        return self.post(to, {**self.hidden(page), **typed}, Origin=self.base_url, Sec_Fetch_Site="same-origin")

    def hidden(self, page: str) -> dict[str, str]:
        text = self.get(page).text
        body = text[text.find("<main") :]  # not the header's form
        return {name: value.replace("&#39;", "'").replace("&amp;", "&") for name, value in _HIDDEN.findall(body)}

    def sign_in(self, who: Role | str, password: str = PASSWORD) -> Browser:
        name = who.value if isinstance(who, Role) else who
        answer = self.send("/login", "/login", name=name, password=password)
        assert answer.status_code == 303, answer.text
        return self

    def cookies(self, answer: TestResponse) -> list[str]:
        return answer.headers.getlist("Set-Cookie")


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
