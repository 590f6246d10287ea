"""Where the computation runs: processor or graphics card."""

import torch

from biox.core.errors import InputError

DEVICES = ("auto", "cpu", "cuda", "mps")


def device(name: str) -> torch.device:
    """The device called ``auto``, ``cpu``, ``cuda`` or ``mps``; ``auto`` takes the best one that is there.

    A device that was asked for by name and is not there is an InputError, never silently replaced.
    """
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, there in present.items() if there))
    if name not in present:
        raise InputError(f"compute.device is {name!r}; possible are {', '.join(DEVICES)}.")
    if not present[name]:
        raise InputError(f"compute.device is {name!r}, but this machine has none; set it to 'auto' or 'cpu'.")
    return torch.device(name)
