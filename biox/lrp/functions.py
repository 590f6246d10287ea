"""Functions of torch by their names."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

_HOMES = (torch, Tensor, functional, torch.special, torch.linalg)


def named(name: str) -> list[Callable[..., Any]]:
    """Every function and method of torch that goes by this name."""
    found = (getattr(home, name, None) for home in _HOMES)
    return [function for function in found if callable(function)]


def called(names: str, handler: Callable[..., Any]) -> dict[Any, Callable[..., Any]]:
    """The handler for every function that goes by one of these names."""
    return {function: handler for name in names.split() for function in named(name)}
