"""A provider's word, as a mapping of evidence gives it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub.model.message import Evidence
from hub.model.order import When

TYPES = frozenset(
    {
        "payment.captured",
        "payment.voided",
        "payment.refunded",
        "payment.failed",
        "fulfillment.shipped",
        "fulfillment.delivered",
        "fulfillment.cancelled",
        "fulfillment.exception",
        "tracking.updated",
        "label.refunded",
    }
)


class Told(BaseModel):
    """The fields of a mapping that produces evidence. References are ours, provider ids the provider's."""

    model_config = ConfigDict(extra="forbid")

    type: str
    references: list[str] = []
    provider_ids: list[str] = []
    occurred_at: When | None = None
    document: dict[str, Any] = Field(default={})
    live: bool | None = None

    @field_validator("type")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in TYPES:
            raise ValueError("it is not a kind of evidence")
        return value

    def evidence(self) -> Evidence:
        """The noun, without names that are empty."""
        return Evidence(
            type=self.type,
            references=tuple(dict.fromkeys(name for name in self.references if name)),
            provider_ids=tuple(dict.fromkeys(name for name in self.provider_ids if name)),
            occurred_at=self.occurred_at,
            document=self.document,
            live=self.live,
        )
