"""What came out of damaged files, judged: a cohort must be whole, a stored result the one that was stored."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from biox.core.types import Cohort

IDENTITIES = ("sample", "subject", "label")


def flaws(found: object) -> list[str]:
    """What is wrong with a cohort that was read without complaint; nothing for other values."""
    if not isinstance(found, Cohort):
        return []
    samples, x = found.samples, np.asarray(found.x[:])
    wrong = {
        "the sample table has two columns of one name": not samples.columns.is_unique,
        "an infinite value": np.isinf(x).any(),
        "a missing value": len(found.axes) > 1 and np.isnan(x).any(),
        "nothing was read": not x.size,
        "classes that are not distinct": not found.classes or len(set(found.classes)) != len(found.classes),
    }
    wrong |= {f"column {name} holds what is no text": not _texts(samples[name]) for name in IDENTITIES}
    labels = {axis.name: axis.labels for axis in found.axes}
    wrong |= {f"two positions of the axis {name} have one label": len(set(v)) != len(v) for name, v in labels.items()}
    return [words for words, bad in wrong.items() if bad] + _unsaved(samples)


def _texts(column: pd.Series) -> bool:
    return all(isinstance(one, str) for one in column)


def _unsaved(samples: pd.DataFrame) -> list[str]:
    """Ingest saves the table as Parquet, and would end with whatever the library raises."""
    try:
        samples.to_parquet(io.BytesIO())
    except Exception as error:
        return [f"the sample table cannot be saved: {type(error).__name__}"]
    return []


def told(value: Any) -> str:
    """A value as a checksum: equal for equal content, whatever it is made of."""
    return hashlib.sha256(repr(list(_parts(value))).encode()).hexdigest()


def _parts(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        yield from ((field.name, told(getattr(value, field.name))) for field in fields(value))
    elif isinstance(value, pd.DataFrame):
        yield value.to_csv(), tuple(map(str, value.dtypes))
    elif isinstance(value, Mapping):
        yield from ((str(key), told(value[key])) for key in sorted(value, key=str))
    elif isinstance(value, list | tuple):
        yield from map(told, value)
    elif hasattr(value, "shape"):
        array = np.ascontiguousarray(np.asarray(value))
        yield array.dtype.str, array.shape, array.tobytes()
    else:
        yield repr(value)
