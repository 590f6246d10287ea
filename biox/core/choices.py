"""A function by name with its options, as study files write it."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from biox.core.errors import listed
from biox.core.strict import Strict


def _choice(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value, "options": {}}
    if isinstance(value, Mapping) and "options" not in value:
        if "name" not in value:
            raise ValueError(f"it needs a name, or 'name' and options beside it; it has {listed(value)}")
        return {"name": value["name"], "options": {k: v for k, v in value.items() if k != "name"}}
    return value


class Named(Strict):
    """A function by name with its options: ``mlp`` or ``{name: mlp, hidden: [64]}``."""

    name: str
    options: dict[str, Any] = Field(default={})


Choice = Annotated[Named, BeforeValidator(_choice)]
