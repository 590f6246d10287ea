"""Integer inputs - tokens, categories, pixels: each integer gets the relevance of what was looked up or made with it.

Integers have no gradient. Beside them goes a float tensor of the same shape, their *places*, that is cut, joined and
rearranged as they are; relevance of an embedding goes, summed over its dimensions, to the place of its integer.
"""

# The names of arguments are torch's, since callers may give them by name.
# ruff: noqa: A002

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp.capture import Capture, Handler
from biox.lrp.errors import UnhandledOperation, place_in_user_code, refusal
from biox.lrp.functions import called
from biox.lrp.inplace import with_item
from biox.lrp.tags import Tag, tensors_in, with_tensors

# What only moves integers about moves their places likewise.
_ARRANGED = """
    view view_as reshape reshape_as flatten unflatten ravel permute transpose swapaxes swapdims movedim moveaxis t
    squeeze unsqueeze expand expand_as broadcast_to repeat repeat_interleave tile contiguous clone narrow select
    index_select gather take_along_dim __getitem__ unbind split split_with_sizes tensor_split chunk cat concat stack
    hstack vstack flip roll pad where masked_fill masked_select index_fill
"""
# What makes one number of each leaves it in its place.
_ONE_BY_ONE = """
    to long int short type float double half bfloat16 type_as detach cpu cuda add __add__ __radd__ sub __sub__ subtract
    mul __mul__ __rmul__ multiply div divide true_divide __truediv__ floor_divide __floordiv__ remainder __mod__ fmod
    clamp clamp_min clamp_max clip abs neg __neg__ rsub __rsub__
"""
_CONSTANTS = "zeros_like ones_like empty_like full_like new_zeros new_ones new_empty new_full new_tensor"


def handled(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    """Any function of torch on integers that are the input, or were made from it."""
    handler = _HANDLERS.get(func)
    if handler is not None:
        return handler(capture, func, *args, **kwargs)
    result = func(*args, **kwargs)
    found = [_placed(capture, one, _nowhere(capture, func, args, one), False) for one in tensors_in(result)]
    if not found:
        return result
    return found[0] if isinstance(result, Tensor) else type(result)(found)  # values and indices of a sort


def _arranged(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    result = func(*args, **kwargs)
    with torch.enable_grad():
        found = func(*with_tensors(args, lambda one: _places(capture, one)), **_with_places(capture, kwargs))
    places = iter(tensors_in(found))
    given = [tensor for tensor in tensors_in((args, kwargs)) if capture.tag(tensor)]
    return with_tensors(result, lambda one: _placed(capture, one, next(places), False, given))


def _one_by_one(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    result = func(*args, **kwargs)
    given = [tensor for tensor in tensors_in((args, kwargs)) if capture.tag(tensor)]
    if len(given) > 1 or not isinstance(result, Tensor):
        return handled(capture, lambda *a, **k: func(*a, **k), *args, **kwargs)
    with torch.enable_grad():
        places = _places(capture, given[0]).to(result.device).broadcast_to(result.shape)
    raw = result.is_floating_point()
    return _placed(capture, result if result is not given[0] else result.clone(), places, raw, given)


def _one_hot(capture: Capture, func: Any, tensor: Tensor, num_classes: int = -1) -> Any:
    with torch.enable_grad():
        result = func(tensor, num_classes)
        places = _places(capture, tensor).unsqueeze(-1).expand(result.shape)
    return _placed(capture, result, places, False)


def _embedding(capture: Capture, func: Any, input: Tensor, weight: Tensor, *args: Any, **kwargs: Any) -> Any:
    return _looked_up(capture, input, func(input, weight, *args, **kwargs))


def _looked_up(capture: Capture, index: Tensor, value: Tensor) -> Tensor:
    """The rows of a constant table; the relevance of a row is that of the integer that chose it."""
    places = _places(capture, index)

    def back(relevance: Tensor) -> tuple[Tensor]:
        return (relevance.reshape(*places.shape, -1).sum(-1).to(places),)

    return capture.link(value.detach().clone(), (places,), back, Tag(capture))


def _item(capture: Capture, func: Any, tensor: Tensor, index: Any) -> Any:
    """``ids[...]`` selects among the integers; ``table[ids]`` looks rows up."""
    if capture.tag(tensor):
        return _arranged(capture, func, tensor, index)
    if not isinstance(index, Tensor):
        return handled(capture, lambda *a: func(*a), tensor, index)
    return _looked_up(capture, index, func(tensor, index))


def _bag(  # noqa: PLR0913 - the arguments of torch's function
    capture: Capture,
    func: Any,
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """``nn.EmbeddingBag`` of rows of equal length: embeddings, and their sum, mean or maximum."""
    if input.ndim != 2 or any(one is not None for one in (offsets, max_norm, per_sample_weights, padding_idx)):
        raise UnhandledOperation(
            f"embedding_bag at {place_in_user_code()} is explained for indices of shape (sample, item) only, without "
            "offsets, weights, max_norm or padding. Use nn.Embedding and a sum or mean."
        )

    def steps(index: Tensor) -> Tensor:
        rows = functional.embedding(index, weight)
        return {"sum": rows.sum, "mean": rows.mean, "max": rows.amax}[mode](1)

    return capture.decomposed(steps, input)


def _constant(capture: Capture, func: Any, *args: Any, **kwargs: Any) -> Any:
    return func(*args, **kwargs)


def _placed(capture: Capture, result: Tensor, places: Tensor, raw: bool, given: Any = ()) -> Tensor:
    """The result with its places: integers carry them along, numbers hand their relevance to them."""
    if result.dtype == torch.bool or capture.tag(result):
        return result  # a comparison is a constant
    if not result.is_floating_point():
        return capture.tagged(result, Tag(capture, places=places), given)
    known = Tag(capture, raw=raw, positive=bool((result >= 0).all()))
    return capture.link(result.detach().clone(), (places,), lambda relevance: (relevance.to(places),), known)


def _nowhere(capture: Capture, func: Any, args: Any, result: Tensor) -> Tensor:
    """Places of integers of which it is unclear where they come from: relevance that arrives there is refused."""
    sentence = refusal(func)

    def back(relevance: Tensor) -> tuple[Tensor | None, ...]:
        raise UnhandledOperation(
            f"{sentence} The input are integers, and after this operation it is unclear which of them a value is."
        )

    given = tuple(_places(capture, one) for one in tensors_in(args) if capture.tag(one))
    return capture.link(torch.zeros(result.shape, device=result.device), given, back, Tag(capture))


def _places(capture: Capture, tensor: Tensor) -> Tensor:
    tag = capture.tag(tensor)
    return tensor if tag is None or tag.places is None else tag.places


def _with_places(capture: Capture, kwargs: dict) -> dict:
    return {key: with_tensors(value, lambda one: _places(capture, one)) for key, value in kwargs.items()}


_HANDLERS: dict[Any, Handler] = {
    **called(_ARRANGED, _arranged),
    with_item: _arranged,
    **called(_ONE_BY_ONE, _one_by_one),
    **called(_CONSTANTS, _constant),
    Tensor.__getitem__: _item,
    functional.one_hot: _one_hot,
    functional.embedding: _embedding,
    functional.embedding_bag: _bag,
}
