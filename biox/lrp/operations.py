"""Which handler takes which operation of torch: the table that ``Capture`` looks operations up in.

A handler is a function ``(capture, func, *arguments)`` that computes the value as torch would and links it to its
inputs. A rule for a new operation is one such function and its line here.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp import copies, sums, weighted
from biox.lrp.capture import Handler
from biox.lrp.inplace import replaced, with_item

_HOMES = (torch, Tensor, functional)

_COPIES = """
    view view_as reshape reshape_as flatten unflatten ravel permute transpose swapaxes swapdims movedim moveaxis t
    adjoint squeeze unsqueeze expand expand_as broadcast_to repeat repeat_interleave tile contiguous clone narrow select
    index_select gather take take_along_dim __getitem__ unbind split split_with_sizes tensor_split chunk hsplit vsplit
    cat concat concatenate stack hstack vstack dstack flip fliplr flipud roll rot90 pad unfold diagonal tril triu to
    float double half bfloat16 type_as cpu cuda where masked_fill masked_select pixel_shuffle pixel_unshuffle max_pool1d
    max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices adaptive_max_pool1d
    adaptive_max_pool2d adaptive_max_pool3d adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices
    adaptive_max_pool3d_with_indices max min amax amin maximum minimum sort topk
"""
_POOLS = """
    avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d mean sum
"""
_CONSTANTS = """
    detach zeros_like ones_like empty_like full_like rand_like randn_like new_zeros new_ones new_empty new_full
    new_tensor requires_grad_ retain_grad fill
"""
_DROPOUTS = "dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout"


def _called(names: str, handler: Handler) -> dict[Any, Handler]:
    """The handler for every function of torch that goes by one of these names."""
    found = (getattr(home, name, None) for name in names.split() for home in _HOMES)
    return dict.fromkeys((function for function in found if callable(function)), handler)


def _getter(attribute: str) -> Any:
    """What torch calls when an attribute of a tensor is read."""
    return getattr(Tensor, attribute).__get__


HANDLERS: Mapping[Any, Handler] = {
    **_called(_COPIES, copies.copied),
    **dict.fromkeys([with_item, replaced, _getter("T"), _getter("mT")], copies.copied),
    **_called(_CONSTANTS, copies.constant),
    _getter("data"): copies.constant,
    **_called(_DROPOUTS, copies.dropout),
    **_called("linear", weighted.linear),
    **_called("matmul mm __matmul__", weighted.matmul),
    **_called("conv1d conv2d conv3d", weighted.convolution),
    functional.batch_norm: weighted.batch_norm,
    **_called("relu", weighted.relu),
    **_called("clamp clamp_min clip", weighted.clamp),
    **_called(_POOLS, sums.pooled),
    **_called("add", sums.add),
    **_called("sub subtract", sums.subtract),
    **_called("rsub __rsub__", sums.subtract_from),
    **_called("mul multiply __mul__ __rmul__", sums.multiply),
    **_called("div divide true_divide __truediv__", sums.divide),
    **_called("neg negative __neg__", sums.negate),
}
