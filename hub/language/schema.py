"""JSON Schemas of the declarations, so that an editor completes and checks them while they are written."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def publish(model: type[BaseModel], name: str, about: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of the documents that ``model`` reads.

    ``name`` becomes ``crossdock:NAME``, the schema's identity; ``about`` is what an editor shows for the document.
    """
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return {"$schema": DIALECT, "$id": f"crossdock:{name}", **schema, "title": name, "description": about}
