"""Asking for values, which a traced pass does not have."""

from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor


def holds(condition: Tensor, otherwise: bool) -> bool:
    """Whether a condition on values holds; ``otherwise`` while the pass is traced, when there are no values."""
    return otherwise if isinstance(condition, FakeTensor) else bool(condition)
