"""lxt (``lxt.efficient``) for the LRP benchmark, with its patches in a copy of the model instead of torch's classes."""

import copy
import functools
import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lrp_calls import Call, declare_operators, gradient, tests_module
from torch import Tensor, nn


def calls(model: nn.Module, composites: Sequence[str], low: float, high: float) -> Mapping[str, Call]:
    """Calls of lxt (``lxt.efficient``): its own patches, on subclasses in a copy of the model.

    For vision transformers it ships CP-LRP; its AttnLRP in attention is written here with its own function, in the way
    it ships for language models. ``attnlrp-gamma-mlp`` adds its variant of zennit's gamma rule, as its example does.
    """
    made = {}
    for name in composites:
        patched = patched_copy(model, name)
        rules = gamma_by_lxt() if name == "attnlrp-gamma-mlp" else None
        made[name] = functools.partial(by_gradient, patched, rules)
    return made


def by_gradient(model: nn.Module, composite: Any, x: Tensor) -> Tensor:
    """Input times (changed) gradient."""
    if composite is None:
        return (x * gradient(model, x)).detach()
    with composite.context(model) as changed:
        return (x * gradient(changed, x)).detach()


def patched_copy(model: nn.Module, name: str) -> nn.Module:
    """A copy of the model whose layers have lxt's forward functions; lxt says which models it knows."""
    declare_operators()
    patches = dict(importlib.import_module("lxt.efficient.models").get_default_map(inspect.getmodule(type(model))))
    if name != "cp-lrp":
        attention = attention_by_lxt()
        patches[nn.MultiheadAttention] = lambda kind: attention_patched(kind, attention)
    changed = copy.deepcopy(model)
    kinds = {kind: type(kind.__name__, (kind,), {}) for kind in patches}
    for kind, patch in patches.items():
        assert patch(kinds[kind])
    for layer in changed.modules():
        parent = next((kind for kind in kinds if isinstance(layer, kind)), None)
        if parent is not None:
            layer.__class__ = kinds[parent]
    return changed


def attention_by_lxt() -> Callable[..., Any]:
    """Attention by AttnLRP: gradients of query, key and value divided by 4, 4 and 2."""
    divided = importlib.import_module("lxt.efficient.rules").divide_gradient

    def forward(self: Any, query: Tensor, key: Tensor, value: Tensor, *args: Any, **kwargs: Any) -> Any:
        return self.original_forward(divided(query, 4), divided(key, 4), divided(value, 2), *args, **kwargs)

    return forward


def attention_patched(kind: Any, forward: Callable[..., Any]) -> bool:
    """Put the forward function on the class and keep the one it had."""
    kind.original_forward, kind.forward = kind.forward, forward
    return True


def gamma_by_lxt() -> Any:
    """Gamma 0.25 in convolutions and 0.05 in linear layers, zennit's rule carried over to gradients by lxt."""
    z = tests_module("peers").zennit()
    changed = importlib.import_module("lxt.efficient.zennit_patches")
    rule = type("Gamma", (z.rules.Gamma,), {"forward": changed.forward, "backward": changed.backward})
    return z.composites.LayerMapComposite([(nn.Conv2d, rule(0.25)), (nn.Linear, rule(0.05))])
