"""The networks, one a file: ``NAME(shape, classes, *, option=...)`` gives a module from (sample, *shape) to logits."""

from biox.models._build import build, complete, restore, restore_masked

__all__ = ["build", "complete", "restore", "restore_masked"]
