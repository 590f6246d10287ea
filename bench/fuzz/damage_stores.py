"""Damage to Parquet, HDF5 and safetensors files, so that the file itself stays whole: columns, nodes, headers."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from bench.fuzz.damage_arrays import damaged_array
from bench.fuzz.damage_text import CELLS
from bench.fuzz.damage_trees import VALUES, changed


def damage_parquet(file: Path, random: Random) -> None:
    """Change columns of a Parquet table: values, types, names."""
    import pandas as pd

    table = pd.read_parquet(file)
    for _ in range(random.randint(1, 3)):
        table = _damaged_frame(table, random)
    try:
        table.to_parquet(file, index=random.choice((None, True, False)))
    except (ValueError, TypeError, NotImplementedError):
        table.astype(str).to_parquet(file)


def _damaged_frame(table: Any, random: Random) -> Any:
    import pandas as pd

    if not len(table.columns):
        return table
    name = random.choice(list(table.columns))
    row = random.randrange(max(1, len(table)))
    ways: tuple[Callable[[], Any], ...] = (
        lambda: _with_cell(table, name, row, random.choice((*VALUES[:17], *CELLS))),
        lambda: table.assign(**{str(name): [random.choice((None, 1, -1.5, "a", True, np.nan, np.inf))] * len(table)}),
        lambda: table.assign(**{str(name): table[name].astype(str)}),
        lambda: table.assign(**{str(name): pd.Categorical(table[name].astype(str))}),
        lambda: table.assign(**{str(name): [[1, 2]] * len(table)}),
        lambda: table.assign(**{str(name): pd.to_datetime(np.arange(len(table)))}),
        lambda: table.assign(**{str(name): [b"\xff\x00"] * len(table)}),
        lambda: table.drop(columns=[name]),
        lambda: table.rename(columns={name: f"{name}x"}),
        lambda: table.iloc[: random.randint(0, len(table))],
        lambda: pd.concat([table, table]),
        lambda: table.iloc[::-1],
        lambda: table.set_index(name),
        lambda: table[[name]],
    )
    return random.choice(ways)()


def _with_cell(table: Any, name: Any, row: int, value: Any) -> Any:
    if not len(table) or isinstance(value, list | dict) or (isinstance(value, int) and abs(value) > 2**63):
        return table
    column = table[name].astype(object).copy()
    column.iloc[row] = value
    return table.assign(**{str(name): column})


def damage_hdf5(file: Path, random: Random) -> None:
    """Change datasets and attributes of an HDF5 file."""
    import h5py

    with h5py.File(file, "r+") as content:
        names: list[str] = []
        content.visit(names.append)
        for _ in range(random.randint(1, 3)):
            name = random.choice(names)
            if name not in content:
                continue
            _damage_node(content, name, random)


def _damage_node(content: Any, name: str, random: Random) -> None:
    import h5py

    node, way = content[name], random.random()
    if way < 0.2:
        del content[name]
    elif way < 0.5 and len(node.attrs):
        key = random.choice(list(node.attrs))
        if random.random() < 0.4:
            del node.attrs[key]
        else:
            node.attrs[key] = random.choice(
                ("", "csr_matrix", "dataframe", "array", "0.0.0", "string-array", 1, 2.5, [1, 2])
            )
    elif isinstance(node, h5py.Dataset) and node.dtype.kind in "fiub":
        array = damaged_array(np.asarray(node), random)
        attributes = dict(node.attrs)
        del content[name]
        try:
            made = content.create_dataset(name, data=array)
        except TypeError:
            made = content.create_dataset(name, data=np.zeros(3))
        made.attrs.update(attributes)
    elif isinstance(node, h5py.Dataset) and node.shape:
        text = np.asarray(node)
        text[random.randrange(len(text))] = random.choice([c for c in CELLS if "\x00" not in c])
        node[...] = text


def damage_safetensors(file: Path, random: Random) -> None:
    """Change the header of a safetensors file."""
    content = file.read_bytes()
    length = struct.unpack("<Q", content[:8])[0]
    if random.random() < 0.5:
        at = 8 + length + random.randrange(max(1, len(content) - 8 - length))
        file.write_bytes(content[:at] + bytes([random.randint(0, 255)]) + content[at + 1 :])
        return
    header = json.dumps(changed(json.loads(content[8 : 8 + length]), random)).encode()
    file.write_bytes(struct.pack("<Q", len(header)) + header + content[8 + length :])
