"""Reading any number of samples, a batch at a time, each with what is to be explained of it."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, RandomSampler

Batch = tuple[Tensor, Any]
Size = int | Callable[[Batch], int]
PROBE = 4  # samples that a size is measured on


def batches_of(loader: Any, target: Any, size: Size, dtype: torch.dtype | None) -> Iterator[Batch]:
    """The samples in batches of at most ``size``, each with its rows of the target.

    loader: an array whose rows are samples, or an iterable of batches. size: a number, or a function that finds it from
    the first samples. dtype: the float type that float values are converted to; None: as they are.
    """
    row = 0
    if _is_array(loader):
        if not isinstance(size, int):
            probe = _tensor(loader[:PROBE], dtype)
            size = size((probe, _rows(target, None, 0, len(probe))))
        items: Any = (loader[start : start + size] for start in range(0, loader.shape[0], size))
    else:
        items = loader
    for item in items:
        values, labels = _pair(item)
        x = _tensor(values, dtype)
        if not isinstance(size, int):
            probe = x[:PROBE]
            size = size((probe, _rows(target, labels, row, len(probe))))
        for start in range(0, len(x), size):
            part = x[start : start + size]
            yield part, _rows(target, None if labels is None else labels[start:], row, len(part))
            row += len(part)


def samples_in(loader: Any) -> int | None:
    """How many samples there will be, or None where only reading them all would tell."""
    if _is_array(loader):
        return int(loader.shape[0])
    if not isinstance(loader, DataLoader) or loader.batch_size is None:
        return None
    try:
        count = len(loader.sampler)  # pyright: ignore[reportArgumentType] - not all samplers have a length
    except TypeError:
        return None
    return count // loader.batch_size * loader.batch_size if loader.drop_last else count


def target_rows(target: Any, rows: slice) -> Any:
    """What of a batch's target belongs to some of its samples."""
    if isinstance(target, list):
        return [target_rows(one, rows) for one in target]
    return target[rows] if isinstance(target, Tensor) and target.ndim else target


def check_rows(target: Any, loader: Any) -> None:
    """A target with a row a sample must have as many as there are samples, and they must come in its order."""
    samples = samples_in(loader)
    for one in target if isinstance(target, list | tuple) else [target]:
        rows = one.shape[0] if isinstance(one, Tensor) and one.ndim else None
        if rows is not None and isinstance(getattr(loader, "sampler", None), RandomSampler):
            raise ValueError(
                "The loader shuffles the samples, so the rows of the target would belong to others. Use a loader with "
                'shuffle=False, or let the labels come with the samples and give target="label".'
            )
        if rows is not None and samples is not None and rows != samples:
            raise ValueError(f"The target has {rows} rows, but there are {samples} samples.")


def _is_array(loader: Any) -> bool:
    return hasattr(loader, "shape") and hasattr(loader, "__getitem__")


def _pair(item: Any) -> tuple[Any, Any]:
    """Values and labels of a batch."""
    if isinstance(item, list | tuple) and len(item) in (1, 2):
        return item[0], item[1] if len(item) == 2 else None
    if hasattr(item, "shape"):
        return item, None
    raise ValueError(
        f"A batch must be a tensor or a pair of a tensor and labels, got {type(item).__name__}. Give a generator that "
        "takes the tensor out: (batch['image'] for batch in loader)."
    )


def _tensor(values: Any, dtype: torch.dtype | None) -> Tensor:
    if not isinstance(values, Tensor):
        import numpy as np

        values = torch.from_numpy(np.array(values))  # a copy: what was read stays as it is
    return values.to(dtype) if dtype is not None and values.is_floating_point() else values


def _rows(target: Any, labels: Any, row: int, count: int) -> Any:
    """The target of ``count`` samples: number ``row`` of the study and the following, and the first of ``labels``."""
    if isinstance(target, list | tuple):
        return [_rows(one, labels, row, count) for one in target]
    if isinstance(target, str):
        if target != "label" or labels is None:
            raise ValueError(
                f"target={target!r} was asked for, but the batches hold no labels; give pairs (x, label)."
                if target == "label"
                else f'The only target with a name is "label", got {target!r}; give a class as a number.'
            )
        return torch.as_tensor(labels[:count])
    if not isinstance(target, Tensor) or target.ndim == 0:
        return target
    if len(target) < row + count:
        raise ValueError(f"The target has {len(target)} rows, but there are more samples.")
    return target[row : row + count]
