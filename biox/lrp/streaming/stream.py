"""Relevance of any number of samples with the memory of a few batches."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from biox.lrp.arguments import Bound
from biox.lrp.composites import Composite
from biox.lrp.explain import relevance
from biox.lrp.presets import chosen_composite
from biox.lrp.streaming.batch_size import measured_size
from biox.lrp.streaming.compiled import compiled
from biox.lrp.streaming.copying import carried, moved
from biox.lrp.streaming.reading import Batch, batches_of, check_rows, samples_in, target_rows
from biox.lrp.streaming.writing import written
from biox.lrp.targets import Target, plain

Explain = Callable[[Tensor, Any], Tensor]


def relevance_batches(  # noqa: PLR0913 - what is explained, and how it is streamed
    model: nn.Module,
    loader: Any,
    target: Target | Sequence[Target] | str,
    composite: str | Composite = "epsilon-plus",
    *,
    low: Bound | None = None,
    high: Bound | None = None,
    out: Any = None,
    batch_size: int | None = None,
    device: torch.device | str | None = None,
    autocast: torch.dtype | None = None,
    compile: bool = False,  # noqa: A002 - torch's word for it
    progress: bool = False,
) -> Any:
    """Explain a whole study, however large: batch after batch, with the memory of a few batches.

    Gives an iterator over the relevance of each batch, on the CPU, in the order of the samples; or, with ``out``,
    writes it there and gives ``out`` back. Each sample's relevance is what ``relevance`` gives for it, to rounding.

    loader: an array whose rows are samples (numpy, zarr, torch), read slice by slice; a ``DataLoader``; or any
        iterable of batches, which are tensors or pairs of a tensor and labels. Values of another float type than the
        model's parameters are converted.
    target: as for ``relevance``, with a row for each sample of the whole study where it is a tensor of several; or
        ``"label"``: the class that comes with each sample. With a list, the result is (sample, target, *feature).
    out: the path of a new zarr array, or an array with a row a sample (zarr, numpy, memory-mapped, torch).
    batch_size: how many samples at most are explained at once. None: measured on the first ones, so that a batch fits
        into the memory that is free (``measured_size`` in biox/lrp/streaming). Batches of an iterable are split, never
        joined. Where the memory of a GPU does not suffice after all, the number is halved, with a warning.
    device: where the model lies, by default that of its parameters. On a GPU, copies overlap with computing.
    autocast: ``torch.bfloat16`` or ``torch.float16``: faster layers of less precision.
    compile: compile the pass for batches as long as the first (``lrp.compiled``); the others run uncompiled.
    progress: show a bar (needs tqdm).

    composite, low, high and errors: as for ``relevance``; low and high are those of one sample, for all alike. The
    number of CPU threads stays as it is.
    """
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
    place, samples = _device(model, device), samples_in(loader)
    target = plain(target)
    check_rows(target, loader)
    chosen = chosen_composite(composite)
    eager = _cast(partial(_explained, lambda x, one: relevance(model, x, one, chosen, low, high)), place, autocast)
    explain = eager
    if compile:
        fast = _cast(partial(_one_by_one, compiled(model, chosen, low, high)), place, autocast)
        explain = _for_first_length(fast, eager)
    batches = batches_of(loader, target, batch_size or partial(_size, eager, place), _dtype(model))
    found = carried(batches, _halving(_with_checked_bounds(explain, low, high)), place)
    shown = _with_bar(found, samples) if progress else found
    return shown if out is None else written(shown, out, samples)


def _size(explain: Explain, device: torch.device, probe: Batch) -> int:
    x, target = moved(probe, device)
    return measured_size(lambda n: explain(x[:n], target_rows(target, slice(0, n))), len(x), device)


def _explained(explain: Explain, x: Tensor, target: Any) -> Tensor:
    """Relevance with the samples first, also for a list of targets."""
    found = explain(x, target)
    return found.transpose(0, 1) if isinstance(target, list | tuple) else found


def _one_by_one(explain: Explain, x: Tensor, target: Any) -> Tensor:
    """The same for a way to explain that takes one target at a time."""
    if isinstance(target, list | tuple):
        return torch.stack([explain(x, one) for one in target], 1)
    return explain(x, target)


def _cast(explain: Explain, device: torch.device, dtype: torch.dtype | None) -> Explain:
    """The same with torch choosing the type of every operation."""
    if dtype is None:
        return explain

    def cast(x: Tensor, target: Any) -> Tensor:
        # In one thread, because the way back must run under autocast as well.
        with torch.autograd.set_multithreading_enabled(False), torch.autocast(device.type, dtype=dtype):
            return explain(x, target)

    return cast


def _with_checked_bounds(explain: Explain, *bounds: Bound | None) -> Explain:
    """The same, but bounds that differ between samples are refused, since batches come without their rows."""

    def checked(x: Tensor, target: Any) -> Tensor:
        for bound in bounds:
            if isinstance(bound, Tensor) and bound.ndim >= x.ndim and bound.shape[0] != 1:
                raise ValueError(
                    f"low and high must be those of one sample, shape {tuple(x.shape[1:])}, for all samples alike; got "
                    f"{tuple(bound.shape)}."
                )
        return explain(x, target)

    return checked


def _for_first_length(fast: Explain, eager: Explain) -> Explain:
    """Compiled for batches as long as the first; a last, shorter batch is not worth a program of its own."""
    lengths: list[int] = []

    def explain(x: Tensor, target: Any) -> Tensor:
        lengths[:] = lengths or [len(x)]
        return fast(x, target) if len(x) == lengths[0] else eager(x, target)

    return explain


def _halving(explain: Explain) -> Callable[[Batch], Tensor]:
    """Explain a batch at once, or in parts of half the size where the memory of the GPU does not suffice."""
    most: list[int] = []

    def parts(batch: Batch) -> Tensor:
        x, target = batch
        done: list[Tensor] = []
        start = 0
        while start < len(x):
            size = min([*most, len(x) - start])
            rows = slice(start, start + size)
            try:
                done.append(explain(x[rows], target_rows(target, rows)))
                start += size
                continue
            except torch.OutOfMemoryError:
                if size == 1:
                    raise
            most[:] = [size // 2]  # outside of except, where the failed attempt no longer holds memory
            torch.cuda.empty_cache()
            warnings.warn(f"The memory did not suffice for {size} samples; going on with {size // 2}.", stacklevel=2)
        return done[0] if len(done) == 1 else torch.cat(done)

    return parts


def _with_bar(found: Iterator[Tensor], samples: int | None) -> Iterator[Tensor]:
    from tqdm import tqdm

    with tqdm(total=samples, unit="sample") as bar:
        for batch in found:
            bar.update(len(batch))
            yield batch


def _values(model: object) -> list[Tensor]:
    return [*model.parameters(), *model.buffers()] if isinstance(model, nn.Module) else []


def _device(model: object, asked: torch.device | str | None) -> torch.device:
    known = {value.device for value in _values(model)}
    device = torch.device(asked) if asked is not None else next(iter(known), torch.device("cpu"))
    if any(one.type != device.type or device.index not in (None, one.index) for one in known):
        lies = ", ".join(sorted(map(str, known)))
        raise ValueError(f"The model lies on {lies}, but device={asked!r}. Move it first: model.to({str(device)!r}).")
    return next(iter(known), device)


def _dtype(model: object) -> torch.dtype | None:
    return next((value.dtype for value in _values(model) if value.is_floating_point()), None)
