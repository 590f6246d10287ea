"""The networks, one a file: ``NAME(shape, classes, *, option=...)`` gives a module from (sample, *shape) to logits."""

from biox.models._build import build, build_masked, complete, restore, restore_masked

__all__ = ["build", "build_masked", "complete", "restore", "restore_masked"]
