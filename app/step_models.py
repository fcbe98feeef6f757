"""What programs send with a step: common fields and types. What is compulsory is checked by the deed, which names it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

_FIRST_YEAR: Final = 2000
_LAST_YEAR: Final = 2100


def _in_our_time(at: datetime) -> datetime:
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(f"not between {_FIRST_YEAR} and {_LAST_YEAR}")
    return at


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4_000)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
StaffId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,24}$")]
UnitCode = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]
OrderNumber = Annotated[str, Field(pattern=r"^[0-9]{11,12}$")]
When = Annotated[AwareDatetime, AfterValidator(_in_our_time)]


def compulsory(*names: str) -> ConfigDict:
    """Return the configuration of a model whose ``names`` the rules make compulsory: shown so in the description."""

    def require(schema: dict[str, Any]) -> None:
        schema["required"] = [*schema.get("required", ()), *names]

    return ConfigDict(extra="forbid", json_schema_extra=require)


class Step(BaseModel):
    """Fields of every step. ``revision``: what the order was when it was read; a newer one is refused (409)."""

    model_config = compulsory()

    revision: Annotated[int, Field(ge=0, lt=2**31)] | None = None
