"""How many samples to explain at once: what one sample needs is measured, what the machine has is asked."""

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from biox.lrp.tags import tensors_in

_GPU_SHARE = 0.6  # of the free memory: the rest is for the copies ahead and what convolutions need inside
_CPU_SHARE = 0.25
_CPU_CACHE = 2**25  # bytes; larger batches leave the processor's cache, which costs more than the smaller number saves
_CPU_LEAST = 4
_MOST = 2**14


def measured_size(explain: Callable[[int], Any], samples: int, device: torch.device) -> int:
    """How many samples to explain at once on this device, a power of two; ``explain(n)`` explains n of a few.

    It runs for 1 and for all of the few, which tells what the weights need and what each sample does. On CUDA the peak
    is torch's own count, and a batch may take 60 % of the memory that is free. On a CPU the peak is that of torch's
    tensors (without what single operations need inside); a batch may take a quarter of the free memory, and its samples
    stay near 32 MiB, where they run fastest.
    """
    if device.type not in ("cuda", "cpu"):
        raise ValueError(f"The free memory of {device.type!r} is not known to torch. Say how many: batch_size=64.")
    peak = _peak_cuda if device.type == "cuda" else _peak_cpu
    if device.type == "cuda":
        explain(1)  # libraries take memory of their own at their first call
    one, all_of_them = peak(explain, 1, device), peak(explain, samples, device)
    each = max((all_of_them - one) / (samples - 1), 1) if samples > 1 else one
    fixed = max(one - each, 0)
    if device.type == "cuda":
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        fitting = (_GPU_SHARE * (torch.cuda.mem_get_info(device)[0] + held) - fixed) / each
    else:
        fitting = min((_CPU_SHARE * free_memory() - fixed) / each, max(_CPU_CACHE / each, _CPU_LEAST))
    return 1 << (int(min(max(fitting, 1), _MOST)).bit_length() - 1)


def free_memory() -> float:
    """Bytes that a process can take without swapping, within the limit of its container (Linux, or with psutil)."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        (free,) = (float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, ValueError):
        try:
            import psutil
        except ImportError:
            raise ValueError(
                "How much memory is free is not known on this system. Say how many samples to explain at once "
                "(batch_size=64), or install psutil."
            ) from None
        return float(psutil.virtual_memory().available)
    try:
        group = Path("/sys/fs/cgroup")
        most, used = (float((group / name).read_text()) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):  # no container, or one without a limit ("max")
        return free
    return max(min(free, most - used), 0.0)


def _peak_cuda(explain: Callable[[int], Any], samples: int, device: torch.device) -> float:
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    explain(samples)
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before


def _peak_cpu(explain: Callable[[int], Any], samples: int, device: torch.device) -> float:
    with _Count() as count:
        explain(samples)
    return count.peak


class _Count(TorchDispatchMode):
    """Counts the memory of all tensors that operations make while it is active."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._now = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {tensor.untyped_storage()._cdata for tensor in tensors_in((args, kwargs or {}))}
        result = func(*args, **(kwargs or {}))
        for tensor in tensors_in(result):
            storage = tensor.untyped_storage()
            if storage._cdata not in given:
                self._now += storage.nbytes()
                weakref.finalize(storage, self._freed, storage.nbytes())
        self.peak = max(self.peak, self._now)
        return result

    def _freed(self, size: int) -> None:
        self._now -= size
