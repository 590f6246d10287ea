"""What every package of the LRP benchmark is called with, and the gradient that they are measured by."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor, nn

TARGET = 1
Call = Callable[[Tensor], Tensor]


def tests_module(name: str) -> ModuleType:
    """A module of tests/lrp, which holds the networks of the gait study and the composites of zennit."""
    file = Path(__file__).parent.parent / "tests" / "lrp" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def declare_operators() -> None:
    """Let torchvision be imported where its compiled part does not fit this torch; no model here needs that part."""
    tests_module("peers").zennit()


def gradient(model: nn.Module, x: Tensor) -> Tensor:
    """Forward and input gradient: the unit of every figure."""
    x = x.detach().requires_grad_()
    return torch.autograd.grad(model(x)[:, TARGET].sum(), x)[0]
