"""The composites that have a name.

``epsilon-plus`` means: epsilon for dense layers, z+ for convolutions; ``-flat`` and ``-box`` change the rule of the
layer that reads the input. Names and options are what a study file says: ``{name: epsilon, eps: 1.0e-5}``.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from biox.lrp import rules
from biox.lrp.composites import Composite, Entry
from biox.lrp.functions import named
from biox.lrp.rules import Rule


def epsilon(eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """The epsilon rule in every layer; a larger ``eps`` makes sparser, calmer explanations."""
    return Composite((Entry(rules.epsilon(eps)),), stabiliser)


def epsilon_plus(eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """Epsilon in dense layers, z+ in convolutions: a stable default for image-like signals."""
    return _dense_and_convolution(eps, stabiliser, rules.zplus(stabiliser))


def epsilon_gamma(eps: float = 1e-6, gamma: float = 0.25, stabiliser: float = 1e-6) -> Composite:
    """Epsilon in dense layers, gamma in convolutions."""
    return _dense_and_convolution(eps, stabiliser, rules.gamma(gamma, stabiliser))


def epsilon_alpha2_beta1(eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """Epsilon in dense layers, alpha 2, beta 1 in convolutions: evidence for and against, apart."""
    return _dense_and_convolution(eps, stabiliser, rules.alpha_beta(2.0, 1.0, stabiliser))


def gamma(gamma: float = 0.25, eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """The gamma rule in every layer."""
    return Composite((Entry(rules.gamma(gamma, eps)),), stabiliser)


def zplus(stabiliser: float = 1e-6) -> Composite:
    """The z+ rule in every layer; with ``-wsquare`` or ``-box`` in the first one this is deep Taylor decomposition."""
    return Composite((Entry(rules.zplus(stabiliser)),), stabiliser)


def deep_taylor(stabiliser: float = 1e-6) -> Composite:
    """Deep Taylor decomposition of a model whose inputs have no bounds: z+, and w^2 in the first layer."""
    return with_first(zplus(stabiliser), rules.wsquare(stabiliser))


def deep_taylor_box(stabiliser: float = 1e-6) -> Composite:
    """Deep Taylor decomposition of a model whose inputs lie between ``low`` and ``high``."""
    return with_first(zplus(stabiliser), rules.box(stabiliser))


def attnlrp(eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """For transformers: relevance also asks why attention looked where it did (Achtibat et al. 2024).

    Products of two signals give half to each, softmax hands down by its Taylor expansion, the scale of a norm is taken
    as constant. These are what every composite does; here with epsilon in all layers with weights.
    """
    return Composite((Entry(rules.epsilon(eps)),), stabiliser)


def attnlrp_gamma(
    gamma: float = 0.05, conv_gamma: float = 0.25, eps: float = 1e-6, stabiliser: float = 1e-6
) -> Composite:
    """As ``attnlrp``, with the gamma rule in dense layers and convolutions: calmer heatmaps of vision transformers."""
    entries = Entry(rules.gamma(conv_gamma, eps), kind="conv"), Entry(rules.gamma(gamma, eps))
    return Composite(entries, stabiliser)


def cp_lrp(eps: float = 1e-6, stabiliser: float = 1e-6) -> Composite:
    """For transformers: attention weights count as constants, so all relevance goes to the values (Ali et al. 2022)."""
    return Composite((Entry(rules.blocking(), kind="softmax"), Entry(rules.epsilon(eps))), stabiliser)


def cp_lrp_gamma(
    gamma: float = 0.05, conv_gamma: float = 0.25, eps: float = 1e-6, stabiliser: float = 1e-6
) -> Composite:
    """As ``cp-lrp``, with the gamma rule in dense layers and convolutions."""
    gammas = attnlrp_gamma(gamma, conv_gamma, eps, stabiliser)
    return Composite((Entry(rules.blocking(), kind="softmax"), *gammas.entries), stabiliser)


def excitation(stabiliser: float = 1e-6) -> Composite:
    """Excitation backpropagation (Zhang et al. 2018): the probability that a winning path passes an input; adds to 1.

    For networks whose activations are not negative.
    """
    return Composite((Entry(rules.excitation(stabiliser)),), stabiliser, start="one")


def guided_backpropagation() -> Composite:
    """The gradient, cut at each activation where it or the activation is negative (Springenberg et al. 2015).

    Not a decomposition of the score: the values are gradients and add up to nothing in particular.
    """
    return Composite((), flow="guided", start="one")


def deconvolution() -> Composite:
    """The gradient, cut at each activation where it is negative (Zeiler and Fergus 2014). Not a decomposition."""
    return Composite((), flow="deconvolution", start="one")


def with_first(composite: Composite, rule: Rule) -> Composite:
    """The same composite with another rule for the layers that read the input."""
    return replace(composite, entries=(Entry(rule, first=True), *composite.entries))


def chosen_composite(given: Any) -> Composite:
    """The composite that a call was given, by itself or by name."""
    if isinstance(given, str):
        return composite(given)
    if not isinstance(given, Composite):
        raise ValueError(
            f"composite must be a name (lrp.NAMES) or a Composite, got {given!r}. "
            "For one rule in all layers: Composite((Entry(rule),))."
        )
    return given


def with_operation(composite: str | Composite, operation: Callable[..., Any], handler: Callable[..., Any]) -> Composite:
    """The same composite with a handler for one operation of torch, such as ``torch.sinc``.

    Its forms as a method (``x.sinc()``) and as a function are one operation. The handler is a function ``(capture,
    operation, *arguments)``: one of those in ``biox.lrp.handlers`` or your own.
    """
    if not (callable(operation) and callable(handler)):
        raise ValueError(f"An operation and its handler are functions, got {operation!r} and {handler!r}.")
    chosen = chosen_composite(composite)
    name = getattr(operation, "__name__", "")
    forms = {operation, *named(name)}
    return replace(chosen, operations=(*chosen.operations, *((form, handler) for form in forms)))


BASES: dict[str, Callable[..., Composite]] = {
    "epsilon": epsilon,
    "epsilon-plus": epsilon_plus,
    "epsilon-gamma": epsilon_gamma,
    "epsilon-alpha2-beta1": epsilon_alpha2_beta1,
    "gamma": gamma,
    "zplus": zplus,
}
FIRST: Mapping[str, Callable[[float], Rule]] = {"flat": rules.flat, "box": rules.box, "wsquare": rules.wsquare}
WHOLE: dict[str, Callable[..., Composite]] = {
    "deep-taylor": deep_taylor,
    "deep-taylor-box": deep_taylor_box,
    "attnlrp": attnlrp,
    "attnlrp-gamma": attnlrp_gamma,
    "cp-lrp": cp_lrp,
    "cp-lrp-gamma": cp_lrp_gamma,
    "excitation": excitation,
    "guided-backpropagation": guided_backpropagation,
    "deconvolution": deconvolution,
}
NAMES = (*BASES, *(f"{base}-{first}" for base in BASES for first in FIRST), *WHOLE)


def composite(name: str, *, fold_batchnorm: bool = True, **options: float) -> Composite:
    """The composite of that name, with its options, as a study file gives them: ``composite("epsilon", eps=1e-5)``.

    ``fold_batchnorm=False`` makes each BatchNorm a layer of its own. Unknown names and options are a ValueError that
    lists the known ones.
    """
    if name not in NAMES:
        raise ValueError(f"There is no composite {name!r}; known are {_listed(NAMES)}.")
    if not isinstance(fold_batchnorm, bool):
        raise ValueError(f"The option 'fold_batchnorm' must be true or false, got {fold_batchnorm!r}.")
    base, first = (name, None) if name in BASES or name in WHOLE else tuple(name.rsplit("-", 1))
    make = (BASES | WHOLE)[base]
    known = tuple(inspect.signature(make).parameters)
    for option, value in options.items():
        if option not in known:
            has = _listed((*known, "fold_batchnorm"))
            raise ValueError(f"The composite {name!r} has no option {option!r}; it has {has}.")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"The option {option!r} of the composite {name!r} must be a number, got {value!r}.")
    made = replace(make(**options), fold_batchnorm=fold_batchnorm)
    return made if first is None else with_first(made, FIRST[first](made.stabiliser))


def _dense_and_convolution(eps: float, stabiliser: float, rule: Rule) -> Composite:
    return Composite((Entry(rule, kind="conv"), Entry(rules.epsilon(eps))), stabiliser)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(repr(name) for name in names)
