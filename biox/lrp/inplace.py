"""In-place statements as what they mean: an operation whose result takes the place of a tensor."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp.errors import UnhandledOperation, place_in_user_code

# Functions of torch that take ``inplace``, and the place of that argument.
_OPTIONAL = {
    functional.relu: 1,
    functional.dropout: 3,
    functional.dropout1d: 3,
    functional.dropout2d: 3,
    functional.dropout3d: 3,
    functional.alpha_dropout: 3,
    functional.feature_alpha_dropout: 3,
    functional.leaky_relu: 2,
    functional.elu: 2,
    functional.celu: 2,
    functional.selu: 1,
    functional.relu6: 1,
    functional.silu: 1,
    functional.mish: 1,
    functional.hardswish: 1,
    functional.hardsigmoid: 1,
    functional.hardtanh: 3,
    functional.threshold: 3,
    functional.rrelu: 4,
}
_OPERATORS = {f"__i{name}__": f"__{name}__" for name in ("add", "sub", "mul", "truediv", "div")}
_SET_DATA = getattr(Tensor, "data").__set__  # noqa: B009 - the descriptor itself, which type checkers do not know
_ONLY_NAMED_SO = ("requires_grad_", "retain_grad")


def with_item(tensor: Tensor, index: Any, value: Any) -> Tensor:
    """A copy of ``tensor`` in which ``tensor[index] = value`` was done."""
    copy = tensor.clone()
    copy[index] = value
    return copy


def replaced(tensor: Tensor, source: Tensor, non_blocking: bool = False) -> Tensor:
    """``source`` in the shape and type of ``tensor``: what ``tensor.copy_(source)`` leaves behind."""
    return source.to(tensor).expand(tensor.shape).clone()


_SPECIAL = {Tensor.__setitem__: with_item, Tensor.copy_: replaced, Tensor.zero_: torch.zeros_like}


def out_of_place(func: Any, args: tuple, kwargs: dict) -> tuple[Any, tuple, dict, Tensor | None]:
    """The call without its in-place effect, and the tensor that the result must take the place of (None: no effect)."""
    if func in _SPECIAL:
        return _SPECIAL[func], args, kwargs, args[0]
    if func in _OPTIONAL:
        return _without_option(func, args, kwargs)
    name = getattr(func, "__name__", "")
    if kwargs.get("out") is not None:
        raise UnhandledOperation(f"{name} writes into out= at {place_in_user_code()}. Use its result instead.")
    kwargs = {key: value for key, value in kwargs.items() if key != "out"}
    if func == _SET_DATA:
        raise UnhandledOperation(f"A tensor's .data is replaced at {place_in_user_code()}. Use the new tensor instead.")
    plain = _OPERATORS.get(name) or (name[:-1] if name.endswith("_") and not name.endswith("__") else None)
    if plain is None or name in _ONLY_NAMED_SO:
        return func, args, kwargs, None
    for home in (Tensor, torch, functional):
        if callable(found := getattr(home, plain, None)):
            return found, args, kwargs, args[0]
    raise UnhandledOperation(
        f"{name} overwrites a tensor that depends on the input at {place_in_user_code()}, and it has no form that "
        "returns its result instead. Write the statement out of place."
    )


def _without_option(func: Any, args: tuple, kwargs: dict) -> tuple[Any, tuple, dict, Tensor | None]:
    place = _OPTIONAL[func]
    inplace = kwargs.get("inplace", args[place] if len(args) > place else False)
    args, kwargs = args[:place], {key: value for key, value in kwargs.items() if key != "inplace"}
    return func, args, kwargs, (args[0] if args else kwargs["input"]) if inplace else None
