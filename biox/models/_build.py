"""From a name in a study file, or from a saved fit, to a network that can be used."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from biox.core.errors import InputError
from biox.core.find import bind, find
from biox.core.graph_types import MaskedFit
from biox.core.types import Fit
from biox.models.masked_mlp import MaskedMLP


def build(name: str, shape: tuple[int, ...], classes: int, options: Mapping[str, Any], seed: int) -> nn.Module:
    """A fresh network with the initial weights that belong to ``seed``, whatever random numbers were drawn before.

    ``name`` is a file in ``biox.models`` or ``package.module:callable``; unknown names and options are an InputError.
    The module takes (sample, *shape) and gives logits (sample, classes).
    """
    function = find("biox.models", name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return function(shape, classes, **bind(function, options, f"model {name!r}"))


def complete(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a model with its defaults filled in, so that a saved fit does not depend on later defaults.

    They can be written as JSON: a path is text.
    """
    function = find("biox.models", name)
    parameters = inspect.signature(function).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is not p.empty}
    chosen = defaults | bind(function, options, f"model {name!r}")
    return {key: str(value) if isinstance(value, Path) else value for key, value in chosen.items()}


def restore(fit: Fit) -> nn.Module:
    """The trained network of a saved fit, in evaluation mode; it wants normalised input of the fit's channels.

    The fit holds all weights, so the file that a network started from (option ``weights``) need not be there any more.
    """
    shape = tuple(len(axis.labels) for axis in fit.axes)
    model = build(fit.model, shape, len(fit.classes), _without_files(fit.options), fit.seed)
    model.load_state_dict(dict(fit.weights))
    return model.eval()


def build_masked(name: str, proteins: int, options: Mapping[str, Any], seed: int) -> MaskedMLP:
    """A fresh network of a graph study, as in ``build``; one of another kind than masked_mlp is an InputError."""
    model = build(name, (proteins,), proteins, options, seed)
    if not isinstance(model, MaskedMLP):
        raise InputError(f"A graph study explains networks like masked_mlp only; {name!r} is {type(model).__name__}.")
    return model


def restore_masked(fit: MaskedFit) -> MaskedMLP:
    """The trained network of a graph study's fit, in evaluation mode; it wants standardised levels."""
    model = build_masked(fit.model, len(fit.proteins), _without_files(fit.options), fit.seed)
    model.load_state_dict(dict(fit.weights))
    return model.eval()


def _without_files(options: Any) -> Any:
    """The options, also those of members, without any file of weights."""
    if isinstance(options, Mapping):
        return {key: None if key == "weights" else _without_files(value) for key, value in options.items()}
    if isinstance(options, list | tuple):
        return [_without_files(value) for value in options]
    return options
