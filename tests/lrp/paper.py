"""The authors' gait models and data (Slijepcevic et al. 2021), read as they published them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.io import loadmat
from torch import Tensor, nn


@dataclass(frozen=True)
class Fold:
    """Test trials of one fold and the range of its training folds, min-max scaled, shape (trial, channel, point)."""

    x: Tensor
    diseased: Tensor
    low: Tensor
    high: Tensor


def read_fold(folder: Path, fold: int) -> Fold:
    """Healthy against disorder, in the authors' order; test ``fold``, validation the next one, eight train."""
    with np.load(folder / "grf_194subjects.npz", allow_pickle=False) as raw:
        order = np.argsort(raw["paper_row"])
        x, label, folds = raw["X"][order], raw["class_index"][order], raw["fold"][order]
    low, high = x.min((0, 2), keepdims=True), x.max((0, 2), keepdims=True)
    scaled = torch.from_numpy((x - low) / (high - low))
    test = torch.from_numpy(loadmat(folder / "meta_splits.mat")["S"][0, fold].ravel().astype(np.int64))
    train = torch.from_numpy((folds != fold) & (folds != (fold + 1) % 10))
    return Fold(scaled[test], torch.from_numpy(label > 0)[test], scaled[train].amin(0), scaled[train].amax(0))


class TimeMajor(nn.Module):
    """(trial, channel, point) flattened point by point, as the authors' toolbox does before every dense layer."""

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).flatten(1)


class ChannelMajor(nn.Module):
    """(trial, channel, point) as one long signal of one channel."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).unsqueeze(1)


def read_model(path: Path) -> nn.Module:
    """The authors' text format: a line a layer, then a line of weights and a line of biases."""
    lines = path.read_text().splitlines()
    convolutional = lines[0].startswith("Convolution")
    layers: list[nn.Module] = [ChannelMajor()] if convolutional else []
    place = 0
    while place < len(lines):
        kind, *sizes = lines[place].split() or [""]
        if kind in ("Linear", "Convolution"):
            weights, bias = (
                torch.tensor([float(v) for v in lines[place + k].split()], dtype=torch.float64) for k in (1, 2)
            )
            layers.append(_layer(kind, [int(size) for size in sizes], weights, bias))
            place += 2
        elif kind == "Rect":
            layers.append(nn.ReLU())
        elif kind == "Flatten":
            layers.append(TimeMajor())
        place += 1
    return nn.Sequential(*layers).double().eval()


def published(folder: Path, model: str, part: int) -> dict[str, np.ndarray]:
    return loadmat(folder / "paper_outputs" / f"{model}_part-{part}_outputs.mat")


def published_accuracy(folder: Path, model: str, part: int) -> float:
    text = (folder / "paper_models" / f"{model}_part-{part}_scores.txt").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("test accuracy")]
    return float(line.split(":")[1])


def _layer(kind: str, sizes: list[int], weights: Tensor, bias: Tensor) -> nn.Module:
    if kind == "Linear":
        inputs, outputs = sizes
        layer, values = nn.Linear(inputs, outputs), weights.reshape(inputs, outputs).t()
    else:
        points, _, inputs, outputs, stride, _ = sizes
        layer, values = (
            nn.Conv1d(inputs, outputs, points, stride),
            weights.reshape(points, inputs, outputs).permute(2, 1, 0),
        )
    layer.weight.data, layer.bias.data = values.contiguous(), bias
    return layer
