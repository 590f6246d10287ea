"""Opening files so that a missing, empty or broken one ends in a sentence and never in a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from biox.core.bombs import refuse_bomb
from biox.core.errors import InputError

# The first bytes of .xlsx (a ZIP archive) and of .xls.
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@contextmanager
def reading(file: Path, kind: str) -> Iterator[None]:
    """Read ``file`` inside this block: if it is missing, empty, broken or a bomb, an InputError says so."""
    if not file.is_file():
        raise InputError(f"There is no file {file}; expected {kind}.")
    if file.stat().st_size == 0:
        raise InputError(f"{file} is empty; expected {kind}.")
    # NumPy's .npz is a ZIP archive too.
    if file.suffix.lower() != ".npz" and _start(file) in WORKBOOKS:
        raise InputError(f"{file} is an Excel workbook; expected {kind}. Save it as CSV (UTF-8).")
    try:
        refuse_bomb(file)
        yield
    except InputError:
        raise
    except UnicodeDecodeError:
        raise InputError(f"{file}: the text is not UTF-8; expected {kind}. Save it as 'CSV UTF-8'.") from None
    # The readers of numpy, scipy, pandas, pyarrow and ezc3d raise a dozen unrelated types on broken bytes.
    except Exception as error:
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise InputError(f"{file} cannot be read; expected {kind}. The reader said: {reason}") from None


def refuse_shifted(table: Any, file: Path) -> None:
    """A table whose rows have more cells than its header is an InputError: pandas would shift the columns for it."""
    if type(table.index).__name__ != "RangeIndex":
        raise InputError(
            f"{file}: its rows have more cells than its header has names, so it is not known which value belongs to "
            "which column. Name every column, and end no row with a separator."
        )


def _start(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(4)
