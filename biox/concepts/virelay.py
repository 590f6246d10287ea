"""Write an analysis so that ViRelAy opens it (virelay.readthedocs.io, database specification).

Five files in one folder, as ViRelAy 0.6 reads them:

    project.yaml               names the others
    label-map.json             [{index, word_net_id, name}, ...]
    input.h5                   data (sample, channel, height, width), label (sample,)
    attribution.h5             attribution like data, label (sample,), prediction (sample, class), index (sample,)
    analysis.h5                CATEGORY/index (of the samples analysed), CATEGORY/embedding/NAME, CATEGORY/cluster/NAME,
                               CATEGORY/prototype/NAME/average (cluster, channel, height, width)

An embedding made of eigenvectors has their eigenvalues as attribute ``eigenvalue``; one made of another embedding names
that as attribute ``embedding``, and the columns used as ``index``. A category that is a class is named as its
``word_net_id``, by which ViRelAy finds the class's name. ViRelAy takes the names of embeddings and clusterings from the
first category, so they are the same in all: ``spectral``, ``map``, ``kmeans``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import yaml
from jaxtyping import Float, Int

from biox.concepts.flat_map import FlatMap
from biox.concepts.pooling import Heatmaps, mean_maps
from biox.concepts.spray import Spray
from biox.core.errors import InputError

ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Explained:
    """What was explained: images (sample, channel, height, width) and their heatmaps (sample, height, width), both read
    in batches of rows; label, the class of each sample as a number; scores (sample, class); classes, their names.
    """

    images: Heatmaps
    heatmaps: Heatmaps
    label: Int[np.ndarray, " sample"]
    scores: Float[np.ndarray, "sample class"]
    classes: Sequence[str]


@dataclass(frozen=True)
class Analysis:
    """One analysis: of which samples (rows, rising), with what result, drawn where."""

    rows: Int[np.ndarray, " analysed"]
    spray: Spray
    drawn: FlatMap


@dataclass(frozen=True)
class Names:
    """What ViRelAy shows: of the project, the model, the data, the method of explanation."""

    project: str
    model: str
    data: str
    method: str


def write(folder: Path, explained: Explained, analyses: Mapping[str, Analysis], names: Names) -> Path:
    """Write a ViRelAy project into ``folder`` and return the path of its ``project.yaml``.

    analyses: by category, which is the name of a class or any other text without a slash. Open the result with
    ``python -m virelay project.yaml``.
    """
    _check(explained, analyses)
    folder.mkdir(parents=True, exist_ok=True)
    ids = {name: f"{index:08d}" for index, name in enumerate(explained.classes)}
    labels = [{"index": i, "word_net_id": ids[name], "name": name} for i, name in enumerate(explained.classes)]
    (folder / "label-map.json").write_text(json.dumps(labels, indent=1) + "\n", encoding="utf-8")
    _write_input(folder / "input.h5", explained)
    _write_attribution(folder / "attribution.h5", explained)
    with h5py.File(folder / "analysis.h5", "w") as file:
        for category, analysis in analyses.items():
            _write_analysis(file.create_group(ids.get(category, category)), category, analysis, explained)
    path = folder / "project.yaml"
    path.write_text(yaml.safe_dump({"project": _project(explained, names)}, sort_keys=False), encoding="utf-8")
    return path


def _project(explained: Explained, names: Names) -> dict:
    _, _, height, width = explained.images.shape
    return {
        "name": names.project,
        "model": names.model,
        "label_map": "label-map.json",
        "dataset": {
            "name": names.data,
            "type": "hdf5",
            "path": "input.h5",
            "input_width": width,
            "input_height": height,
            "down_sampling_method": "none",
            "up_sampling_method": "none",
        },
        "attributions": {
            "attribution_method": names.method,
            "attribution_strategy": "true_label",
            "sources": ["attribution.h5"],
        },
        "analyses": [{"analysis_method": "SpRAy", "sources": ["analysis.h5"]}],
    }


def _write_input(path: Path, explained: Explained) -> None:
    with h5py.File(path, "w") as file:
        first = explained.images[slice(0, 1)]
        data = file.create_dataset("data", explained.images.shape, first.dtype, chunks=(1, *first.shape[1:]))
        for rows in _rows(len(explained.label)):
            data[rows] = explained.images[rows]
        file["label"] = np.asarray(explained.label, np.uint16)


def _write_attribution(path: Path, explained: Explained) -> None:
    samples, channels, height, width = explained.images.shape
    with h5py.File(path, "w") as file:
        shape = (samples, channels, height, width)
        data = file.create_dataset("attribution", shape, np.float32, chunks=(1, *shape[1:]), compression="lzf")
        for rows in _rows(samples):
            data[rows] = _as_channels(np.asarray(explained.heatmaps[rows]), channels)
        file["index"] = np.arange(samples, dtype=np.uint32)
        file["label"] = np.asarray(explained.label, np.uint16)
        file["prediction"] = np.asarray(explained.scores, np.float32)


def _write_analysis(group: h5py.Group, category: str, analysis: Analysis, explained: Explained) -> None:
    spectral, count = analysis.spray.spectrum, analysis.spray.count
    group["name"] = category
    group["index"] = analysis.rows.astype(np.uint32)
    group["embedding/spectral"] = spectral.vectors.astype(np.float32)
    group["embedding/spectral"].attrs["eigenvalue"] = spectral.values.astype(np.float32)
    index = np.arange(len(spectral.values), dtype=np.uint32)
    group["embedding/map"] = analysis.drawn.xy.astype(np.float32)
    group["embedding/map"].attrs.update(embedding="spectral", index=index, method=analysis.drawn.method)
    group["cluster/kmeans"] = analysis.spray.cluster.astype(np.uint32)
    group["cluster/kmeans"].attrs.update(embedding="spectral", k=count, index=index[:count])
    chosen = _Chosen(explained.heatmaps, analysis.rows)
    means = mean_maps(chosen, analysis.spray.cluster)
    group["prototype/kmeans/average"] = _as_channels(means, explained.images.shape[1])


@dataclass(frozen=True)
class _Chosen:
    """Some rows of heatmaps, still read in batches."""

    heatmaps: Heatmaps
    rows: np.ndarray

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.rows), *self.heatmaps.shape[1:])

    def __getitem__(self, rows: slice) -> np.ndarray:
        chosen = self.rows[rows]
        # Not every reader takes scattered rows: read the span in between, then choose.
        span = np.asarray(self.heatmaps[slice(int(chosen[0]), int(chosen[-1]) + 1)])
        return span[chosen - chosen[0]]


def _as_channels(maps: np.ndarray, channels: int) -> np.ndarray:
    """ViRelAy wants heatmaps of the images' shape and sums over channels: equal parts, so that the sum is the map."""
    return np.repeat((maps / channels)[:, None].astype(np.float32), channels, axis=1)


def _rows(samples: int) -> list[slice]:
    return [slice(start, min(start + ROWS_AT_ONCE, samples)) for start in range(0, samples, ROWS_AT_ONCE)]


def _check(explained: Explained, analyses: Mapping[str, Analysis]) -> None:
    samples = len(explained.label)
    shape, maps = explained.images.shape, explained.heatmaps.shape
    if len(shape) != 4 or maps != (samples, *shape[2:]) or shape[0] != samples:
        raise InputError(
            f"ViRelAy wants images (sample, channel, height, width) and heatmaps (sample, height, width) of the same "
            f"{samples} samples; got {shape} and {maps}."
        )
    if np.shape(explained.scores) != (samples, len(explained.classes)):
        raise InputError(
            f"Scores of {samples} samples and {len(explained.classes)} classes were expected, got the shape "
            f"{np.shape(explained.scores)}."
        )
    for category, analysis in analyses.items():
        if "/" in category or len(analysis.rows) != len(analysis.spray.cluster):
            raise InputError(
                f"Analysis {category!r}: its name must hold no slash, and its {len(analysis.rows)} rows must be as "
                f"many as the {len(analysis.spray.cluster)} samples in its clusters."
            )
