"""Which features are taken away together: windows of a curve, patches of an image, channels, superpixels, pathways."""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from biox.core.strict import Strict
from biox.explain.background import Background

COMPACTNESS = 0.2
"""How much nearness counts against colour in superpixels; SLIC lets the values of each sample run from 0 to 1."""

AUTO = {1: "single", 2: "windows"}
FEWEST_AXES = {"patches": 2, "superpixels": 2}


class Groups(Strict):
    """Which values of a sample are asked about together, so that there are few enough questions, and sensible ones.

    kind: ``single`` (each value by itself), ``windows`` (stretches along the last axis, in each channel), ``patches``
    (squares on the last two axes, all colours together), ``channels`` (all values of one channel), ``superpixels``
    (areas of one colour, by SLIC: Achanta et al. 2012; other ones for each sample), ``given`` (those of
    ``background.groups``, such as pathways), ``auto`` (by the number of feature axes: one single, two windows, three
    patches). size: values in a window, or the side of a patch and of a typical superpixel, in values.
    """

    kind: Literal["auto", "single", "windows", "patches", "channels", "superpixels", "given"] = "auto"
    size: int = Field(default=8, ge=1)


def group_index(
    groups: Groups, x: Float[Tensor, "sample *feature"], background: Background
) -> Int[Tensor, "one *feature"]:
    """The number of the group that each value belongs to, from 0; shape (1 or sample, *feature), on the device of x.

    Only superpixels differ between samples, and may be fewer in one sample than in another. The last window or patch
    of a row is smaller where the size does not divide the length. ValueError where x has too few axes, or no groups
    are given.
    """
    shape = tuple(x.shape[1:])
    kind = kind_for(groups, len(shape))
    if len(shape) < FEWEST_AXES.get(kind, 1):
        raise ValueError(
            f"Groups of the kind {kind!r} need samples with at least {FEWEST_AXES.get(kind, 1)} axes, but theirs are "
            f"{shape}. The kinds 'single' and 'given' fit any sample."
        )
    if kind == "superpixels":
        return _superpixels(x, groups.size)
    index = _given(background.groups, shape) if kind == "given" else _grid(shape, sides(kind, shape, groups.size))
    return index.to(x.device)[None]


def group_count(index: Int[Tensor, "one *feature"]) -> int:
    """How many groups there are: one more than the highest number."""
    return int(index.max()) + 1


def kind_for(groups: Groups, axes: int) -> str:
    """The kind of groups for samples with so many feature axes: what ``auto`` stands for."""
    return AUTO.get(axes, "patches") if groups.kind == "auto" else groups.kind


def sides(kind: str, shape: tuple[int, ...], size: int) -> tuple[int, ...]:
    """How long a group is along each axis of a sample, for groups that are boxes."""
    if kind == "windows":
        return (*(1 for _ in shape[:-1]), size)
    if kind == "patches":
        return (*shape[:-2], size, size)
    return (1, *shape[1:]) if kind == "channels" else tuple(1 for _ in shape)


def _grid(shape: tuple[int, ...], sides: tuple[int, ...]) -> Int[Tensor, " *feature"]:
    """Boxes of these sides, numbered along the last axis first."""
    index = torch.zeros((1,) * len(shape), dtype=torch.int64)
    for axis, (length, side) in enumerate(zip(shape, sides, strict=True)):
        along = (torch.arange(length) // side).view(*(-1 if k == axis else 1 for k in range(len(shape))))
        index = index * -(-length // side) + along
    return index


def _superpixels(x: Float[Tensor, "sample *feature"], size: int) -> Int[Tensor, "sample *feature"]:
    """Areas of similar values on the last two axes; those before are colours."""
    from skimage.segmentation import slic  # here, since few explanations ask for superpixels

    height, width = x.shape[-2:]
    images = x.detach().reshape(len(x), -1, height, width).movedim(1, -1).cpu().double().numpy()
    wanted = max(1, round(height * width / size**2))
    found = np.stack([slic(one, wanted, COMPACTNESS, start_label=0, convert2lab=False) for one in images])
    areas = torch.as_tensor(found, device=x.device, dtype=torch.int64)
    return areas.view(len(x), *(1 for _ in x.shape[1:-2]), height, width).expand(x.shape)


def _given(index: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    if index is None:
        raise ValueError(
            "Groups of the kind 'given' need Background(groups=...), an index for each feature; there is none. "
            "The kind 'single' needs no groups."
        )
    if tuple(index.shape) != shape or index.dtype.is_floating_point or bool((index < 0).any()):
        raise ValueError(
            f"The groups of the background must be integers from 0 in the shape of a sample, {shape}; "
            f"got {index.dtype} of shape {tuple(index.shape)} with the lowest value {index.min().item()}."
        )
    return index.long()
