"""The JSON Schema of every kind of document, for editors that complete and check what is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.assembly.archiving import schema as archive_schema
from hub.assembly.config import HubConfig
from hub.assembly.home import Unfit
from hub.connector.manifest import json_schema as connector_schema
from hub.flow.manifest import FlowDeclaration
from hub.language.problem import suggestion
from hub.language.schema import publish
from hub.mapping.load import schema as mapping_schema
from hub.webhook.load import schema as webhook_schema

SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "archive": archive_schema,
    "connector": connector_schema,
    "flow": lambda: publish(FlowDeclaration, "flow", "The path that an order takes."),
    "hub": lambda: publish(HubConfig, "hub", "What one installation does: hub.yaml."),
    "mapping": mapping_schema,
    "webhook": webhook_schema,
}


def schema_of(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind of document. Raises Unfit for a kind that is not known."""
    if kind not in SCHEMAS:
        raise Unfit(f"there is no kind of document '{kind}': {suggestion(kind, SCHEMAS)}")
    return SCHEMAS[kind]()
