"""Parquet tables of others as plain columns: numbers, text and truth values, whatever wrote them."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from biox.core.errors import InputError


def plain_table(file: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The columns of a Parquet file (left out: all), with what pandas keeps as an index among them.

    Categories become what they stand for, decimals become floating-point numbers. Raises InputError for columns of
    lists, bytes, records and the like, and for two columns of one name.
    """
    names = pq.read_schema(file).names
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"{file}: the column {twice!r} stands there more than once. A column may be there once.")
    table = pq.read_table(file, columns=None if columns is None else list(columns))
    for place, field in enumerate(table.schema):
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise InputError(
                f"{file}: column {field.name!r} holds {kind} in each cell; expected a number or text. Leave it out of "
                "the file, or write one value a cell."
            )
        plain = pa.float64() if pa.types.is_decimal(kind) else kind
        if plain != field.type:
            table = table.set_column(place, field.name, table.column(place).cast(plain))
    return table.to_pandas(ignore_metadata=True)
