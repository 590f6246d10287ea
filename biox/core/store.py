"""The five nouns on disk. Saving writes a whole folder or nothing; loading gives back an equal object."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import zarr

from biox.core.arrays import opened, stored
from biox.core.errors import InputError
from biox.core.files import whole
from biox.core.find import opener_of
from biox.core.joined import joined
from biox.core.result_files import found, load_json, save_json
from biox.core.sealed import checked, intact, sealed
from biox.core.types import Axis, Cohort, Evidence, Fit, Prediction, Relevance

CHUNK_BYTES = 16 * 2**20
# Images are read in random order: small chunks, many of them to a file.
IMAGE_CHUNK_BYTES = 2**18


def save_cohort(cohort: Cohort, folder: Path) -> None:
    """Save as ``x.zarr``, ``samples.parquet``, ``axes.json`` and, where the truth is known, ``truth.zarr``.

    An ``x`` that is read from elsewhere when asked for saves itself (``x.save``) and names its ``opener``.
    """
    with sealed(folder) as fresh:
        opener = getattr(cohort.x, "opener", None)
        if opener is None:
            _save_array(fresh / "x.zarr", cohort.x)
        else:
            cohort.x.save(fresh)
        cohort.samples.to_parquet(fresh / "samples.parquet")
        if cohort.truth is not None:
            _save_array(fresh / "truth.zarr", cohort.truth)
        kept = {name: getattr(cohort, name) for name in ("unit", "classes", "label_level", "notes", "bounds")}
        kept["opener"] = opener
        save_json(fresh / "axes.json", {"axes": [asdict(axis) for axis in cohort.axes], **kept})


def load_cohort(folder: Path) -> Cohort:
    """The cohort saved in a folder; values that are large or were not copied are read when they are asked for."""
    with intact(folder):
        kept = load_json(folder / "axes.json")
        truth = folder / "truth.zarr"
        own = kept["opener"]
        return Cohort(
            x=opener_of(own)(folder) if own else opened(stored(folder / "x.zarr")),
            samples=pd.read_parquet(folder / "samples.parquet"),
            axes=_axes(kept["axes"]),
            unit=kept["unit"],
            classes=tuple(kept["classes"]),
            label_level=kept["label_level"],
            truth=np.asarray(stored(truth)[:]) if truth.exists() else None,
            notes=tuple(kept["notes"]),
            bounds=tuple(kept["bounds"]) if kept["bounds"] else None,
        )


def save_fit(fit: Fit, folder: Path) -> None:
    """Save as ``weights.safetensors``, ``constants.npz``, ``scores.parquet``, ``history.parquet`` and ``fit.json``."""
    from safetensors.torch import save_file  # here, so that steps without a network need not wait for torch

    with sealed(folder) as fresh:
        save_file(
            {name: tensor.contiguous().cpu() for name, tensor in fit.weights.items()}, fresh / "weights.safetensors"
        )
        np.savez(fresh / "constants.npz", shift=fit.shift, scale=fit.scale, low=fit.low, high=fit.high)
        fit.scores.to_parquet(fresh / "scores.parquet")
        fit.history.to_parquet(fresh / "history.parquet")
        names = ("variant", "fold", "seed", "model", "options", "classes", "unit", "normalise", "prepare")
        kept = {name: getattr(fit, name) for name in names}
        save_json(fresh / "fit.json", {"axes": [asdict(axis) for axis in fit.axes], **kept})


def load_fit(folder: Path) -> Fit:
    """The fit saved in a folder."""
    from safetensors.torch import load_file

    with intact(folder):
        kept = load_json(folder / "fit.json")
        with np.load(folder / "constants.npz", allow_pickle=False) as arrays:
            constants = {name: arrays[name] for name in arrays.files}
        return Fit(
            **{**kept, "axes": _axes(kept["axes"]), "classes": tuple(kept["classes"])},
            **constants,
            weights=load_file(folder / "weights.safetensors"),
            scores=pd.read_parquet(folder / "scores.parquet"),
            history=pd.read_parquet(folder / "history.parquet"),
        )


def save_relevance(relevance: Relevance, folder: Path) -> None:
    """Save as a zarr array with its sample table and settings beside it."""
    with sealed(folder) as fresh:
        _save_array(fresh / "values.zarr", relevance.values)
        relevance.samples.to_parquet(fresh / "samples.parquet")
        kept = {name: getattr(relevance, name) for name in ("variant", "fold", "method", "settings")}
        save_json(fresh / "relevance.json", {"axes": [asdict(axis) for axis in relevance.axes], **kept})


def load_relevance(*shards: Path) -> Relevance:
    """The relevance saved in a folder, or in several that hold some samples each: one after the other, in that order.

    Shards that were explained in different ways, and a sample that stands in two, are an InputError.
    """
    heads, arrays, tables = zip(*(_shard(folder) for folder in shards), strict=True)
    for folder, head in zip(shards, heads, strict=True):
        if head != heads[0]:
            raise InputError(f"The relevances in {folder} and {shards[0]} were not made alike; compute them anew.")
    samples = pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
    twice = samples["sample"][samples["sample"].duplicated()]
    if len(twice):
        raise InputError(f"Sample {twice.iloc[0]!r} stands twice in {shards[0].parent.parent}; compute it anew.")
    return Relevance(**{**heads[0], "axes": _axes(heads[0]["axes"])}, values=joined(arrays), samples=samples)


def _shard(folder: Path) -> tuple[dict[str, Any], Any, pd.DataFrame]:
    with intact(folder):
        samples = pd.read_parquet(folder / "samples.parquet")
        return load_json(folder / "relevance.json"), stored(folder / "values.zarr"), samples


def save_evidence(evidence: Evidence, folder: Path) -> None:
    """Save the claims and every further table as one Parquet file each."""
    with sealed(folder) as fresh:
        evidence.claims.to_parquet(fresh / "claims.parquet")
        for name, table in evidence.tables.items():
            table.to_parquet(fresh / f"{name}.parquet")


def load_evidence(folder: Path) -> Evidence:
    """The evidence saved in a folder."""
    with intact(folder):
        tables = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
        if "claims" not in tables:
            raise InputError(f"There is no evidence in {folder}; run `biox validate` first, or the whole workflow.")
        return Evidence(claims=tables.pop("claims"), tables=tables)


def save_prediction(prediction: Prediction, folder: Path) -> None:
    """Save what was predicted as ``scores.csv``, ``places.csv``, ``outside.csv`` and ``relevance.zarr``."""
    with whole(folder) as fresh:
        fresh.mkdir()
        prediction.samples.assign(conservation=prediction.conservation).to_csv(fresh / "scores.csv", index=False)
        prediction.places.to_csv(fresh / "places.csv", index=False)
        prediction.outside.to_csv(fresh / "outside.csv", index=False)
        _save_array(fresh / "relevance.zarr", prediction.relevance)
        save_json(fresh / "axes.json", {"axes": [asdict(axis) for axis in prediction.axes]})


def load_fits(folder: Path) -> dict[str, Fit]:
    """All fits of one fold, by variant."""
    return {path.parent.name: load_fit(path.parent) for path in found(folder, "*/fit.json")}


def load_relevances(*shards: Path) -> dict[str, Relevance]:
    """All relevances of one fold and method, by variant; its shards are read as one."""
    folders: dict[str, list[Path]] = {}
    for path in (path for shard in shards for path in found(shard, "*/relevance.json")):
        folders.setdefault(path.parent.name, []).append(path.parent)
    return {variant: load_relevance(*parts) for variant, parts in folders.items()}


def _save_array(path: Path, array: Any) -> None:
    one = max(1, int(np.prod(array.shape[1:])) * array.dtype.itemsize)
    rows = min(max(1, CHUNK_BYTES // one), max(1, array.shape[0]))
    inner = max(1, IMAGE_CHUNK_BYTES // one)
    sharded = array.dtype == np.uint8 and inner < rows
    rows = -(-rows // inner) * inner if sharded else rows
    whole_chunk, chunk = ((n, *array.shape[1:]) for n in (rows, inner if sharded else rows))
    shards = whole_chunk if sharded else None
    target = zarr.create_array(
        path, shape=array.shape, dtype=array.dtype, chunks=chunk, shards=shards, compressors=checked()
    )
    for start in range(0, array.shape[0], rows):
        target[start : start + rows] = array[start : start + rows]


def _axes(rows: list[dict[str, Any]]) -> tuple[Axis, ...]:
    return tuple(Axis(row["name"], tuple(row["labels"]), row["unit"]) for row in rows)
