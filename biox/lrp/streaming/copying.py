"""Batches to the device and relevance back; on a GPU both are copied while it explains."""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from biox.lrp.streaming.reading import Batch
from biox.lrp.tags import tensors_in

Event = Any  # of CUDA; torch's own types disagree about which class it is


def carried(batches: Iterator[Batch], explain: Callable[[Batch], Tensor], device: torch.device) -> Iterator[Tensor]:
    """``explain`` of every batch, on the CPU, in order. ``explain`` gets the batch on the device."""
    if device.type == "cuda":
        yield from _overlapping(batches, explain, torch.cuda.Stream(device))
    else:
        for batch in batches:
            yield explain(moved(batch, device)).cpu()


def _overlapping(
    batches: Iterator[Batch], explain: Callable[[Batch], Tensor], copies: torch.cuda.Stream
) -> Iterator[Tensor]:
    """While a batch is explained, the next one is on its way to the GPU and the last one's relevance on its way back.

    Copies run in a CUDA stream of their own, from and to pinned memory; three batches are alive at most.
    """
    device = copies.device
    upcoming = _sent(batches, copies)
    last: tuple[Tensor, Event] | None = None
    while upcoming is not None:
        (x, target), arrived = upcoming
        upcoming = _sent(batches, copies)
        work = torch.cuda.current_stream(device)
        work.wait_event(arrived)
        for tensor in tensors_in((x, target)):
            if tensor.is_cuda:
                tensor.record_stream(work)  # its memory, which belongs to the other stream, is in use here
        found = explain((x, target))
        returning = _returned(found, copies)
        if last is not None:
            last[1].synchronize()
            yield last[0]
        last = returning
    if last is not None:
        last[1].synchronize()
        yield last[0]


def _sent(batches: Iterator[Batch], copies: torch.cuda.Stream) -> tuple[Batch, Event] | None:
    """The next batch, on its way to the GPU, and the event of its arrival; None after the last."""
    batch = next(batches, None)
    if batch is None:
        return None
    x, target = batch
    with torch.cuda.stream(copies):
        pinned = x if x.is_cuda else x.pin_memory()
        sent = pinned.to(copies.device, non_blocking=True), moved(target, copies.device)
        return sent, copies.record_event()


def _returned(found: Tensor, copies: torch.cuda.Stream) -> tuple[Tensor, Event]:
    """Relevance on its way to the CPU, and the event of its arrival."""
    copies.wait_stream(torch.cuda.current_stream(copies.device))
    home = torch.empty(found.shape, dtype=found.dtype, pin_memory=True)
    with torch.cuda.stream(copies):
        home.copy_(found, non_blocking=True)
        found.record_stream(copies)
        return home, copies.record_event()


def moved(values: Any, device: torch.device) -> Any:
    """Tensors on the device, also those in a list or pair; all else as it is."""
    if isinstance(values, list | tuple):
        return type(values)(moved(one, device) for one in values)
    return values.to(device, non_blocking=True) if isinstance(values, Tensor) else values
