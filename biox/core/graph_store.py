"""Graph studies on disk: masked fits, graphs and matrices of scores, each a folder that is written whole or not at all.

Influences, which may be larger than memory, are in ``biox.core.influence_store``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from biox.core.graph_types import Graphs, MaskedFit
from biox.core.influence_store import InfluenceHead, StoredInfluence, influence_writer, load_influences
from biox.core.result_files import absent, found, load_json, save_json
from biox.core.sealed import intact, sealed

__all__ = [
    "InfluenceHead",
    "StoredInfluence",
    "influence_writer",
    "load_graphs",
    "load_influences",
    "load_masked_fit",
    "load_masked_fits",
    "load_matrices",
    "save_graphs",
    "save_masked_fit",
    "save_matrices",
]

FIT_TABLES = ("parts", "accuracy", "predictions", "history")
FIT_FACTS = ("variant", "fold", "seed", "model", "options", "proteins", "unit")
GRAPH_TABLES = ("nodes", "edges", "patients")


def save_masked_fit(fit: MaskedFit, folder: Path) -> None:
    """Save as ``weights.safetensors``, ``constants.npz``, ``masked_fit.json`` and one Parquet file a table."""
    from safetensors.torch import save_file  # here, so that steps without a network need not wait for torch

    with sealed(folder) as fresh:
        weights = {name: tensor.detach().contiguous().cpu() for name, tensor in fit.weights.items()}
        save_file(weights, fresh / "weights.safetensors")
        np.savez(fresh / "constants.npz", shift=fit.shift, scale=fit.scale)
        for name in FIT_TABLES:
            getattr(fit, name).to_parquet(fresh / f"{name}.parquet")
        save_json(fresh / "masked_fit.json", {name: getattr(fit, name) for name in FIT_FACTS})


def load_masked_fit(folder: Path) -> MaskedFit:
    """The masked fit saved in a folder."""
    from safetensors.torch import load_file

    with intact(folder):
        kept = load_json(folder / "masked_fit.json")
        with np.load(folder / "constants.npz", allow_pickle=False) as arrays:
            constants = {name: arrays[name] for name in arrays.files}
        tables: dict[str, Any] = {name: pd.read_parquet(folder / f"{name}.parquet") for name in FIT_TABLES}
        weights = load_file(folder / "weights.safetensors")
        return MaskedFit(**{**kept, "proteins": tuple(kept["proteins"])}, **constants, **tables, weights=weights)


def load_masked_fits(folder: Path) -> dict[str, MaskedFit]:
    """All masked fits of one fold, by variant."""
    return {path.parent.name: load_masked_fit(path.parent) for path in found(folder, "*/masked_fit.json")}


def save_graphs(graphs: Graphs, folder: Path) -> None:
    """Save as ``graphs.json``, one Parquet file a table, and ``average/`` and ``signed/`` with one array a variant."""
    with sealed(folder) as fresh:
        _save_arrays(fresh / "average", graphs.average)
        _save_arrays(fresh / "signed", graphs.signed)
        for name in GRAPH_TABLES:
            getattr(graphs, name).to_parquet(fresh / f"{name}.parquet")
        facts = {"proteins": graphs.proteins, "groups": graphs.groups, "variants": tuple(graphs.average)}
        save_json(fresh / "graphs.json", facts)


def load_graphs(folder: Path) -> Graphs:
    """The graphs saved in a folder; their arrays are read from disk when they are asked for."""
    with intact(folder):
        kept = load_json(folder / "graphs.json")
        arrays = {
            kind: {name: _mapped(folder / kind / f"{name}.npy") for name in kept["variants"]}
            for kind in ("average", "signed")
        }
        tables: dict[str, Any] = {name: pd.read_parquet(folder / f"{name}.parquet") for name in GRAPH_TABLES}
        return Graphs(tuple(kept["proteins"]), tuple(kept["groups"]), **arrays, **tables)


def _mapped(file: Path) -> np.ndarray:
    return np.load(file, mmap_mode="r", allow_pickle=False)


def save_matrices(matrices: Mapping[str, np.ndarray], folder: Path) -> None:
    """Save matrices of scores, each of shape (source, target), as ``NAME.npy``."""
    with sealed(folder) as fresh:
        _save_arrays(fresh, matrices)


def load_matrices(folder: Path) -> dict[str, np.ndarray]:
    """The matrices saved in a folder, by name, in alphabetical order; a study may have chosen none."""
    if not folder.is_dir():
        raise absent(folder)
    with intact(folder):
        return {path.stem: np.load(path, allow_pickle=False) for path in sorted(folder.glob("*.npy"))}


def _save_arrays(folder: Path, arrays: Mapping[str, np.ndarray]) -> None:
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array, allow_pickle=False)
