"""Files of results: facts as JSON, and the sentence that a result is not there yet."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from biox.core.errors import InputError


def save_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write facts, in the order of their names."""
    path.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def load_json(path: Path) -> dict[str, Any]:
    """The facts of a result; an InputError where it was never made, or is damaged."""
    if not path.is_file():
        raise absent(path.parent)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged ({error}); delete it and run the step that makes it again.") from None
    if not isinstance(found, dict):
        raise InputError(f"{path} holds {type(found).__name__} and no facts; run the step that makes it again.")
    return found


def found(folder: Path, pattern: str) -> list[Path]:
    """The files of a result, sorted; an InputError where there are none."""
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise absent(folder)
    return paths


def absent(folder: Path) -> InputError:
    """What to say of a result that was never made."""
    return InputError(
        f"There is no result in {folder}; run the step that makes it first, or all that is missing: biox run STUDY."
    )
