"""Which handler takes which operation of torch: the table that ``Capture`` looks operations up in.

A handler is a function ``(capture, func, *arguments)`` that computes the value as torch would and links it to its
inputs. A rule for a new operation is one such function and its line here.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp import activations, attention, copies, norms, products, recurrent, sums, weighted
from biox.lrp.capture import Handler
from biox.lrp.composites import Composite
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
    adaptive_max_pool3d_with_indices max min amax amin maximum minimum sort topk channel_shuffle pixel_shuffle
"""
_POOLS = """
    avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d mean sum cumsum
    interpolate upsample grid_sample fold
"""
_PASSED = """
    leaky_relu elu gelu silu tanh hardswish mish selu celu prelu hardtanh hardshrink softshrink softsign threshold
    logsigmoid log log1p expm1 erf pow __pow__ nan_to_num
"""
_POSITIVE = "softplus exp abs absolute square"
_GATES = "sigmoid hardsigmoid relu6"
_SCALES = "sqrt rsqrt reciprocal norm std var linalg_norm linalg_vector_norm"
_ACTIVATIONS = f"relu {_PASSED} {_POSITIVE} {_GATES}"
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
    **_called("clamp clamp_min clamp_max clip", activations.clamp),
    **_called(_PASSED, activations.passed),
    **_called(_POSITIVE, activations.positive),
    **_called(_GATES, activations.gate),
    **_called(_SCALES, activations.scale),
    torch.linalg.vector_norm: activations.scale,
    torch.linalg.norm: activations.scale,
    **_called("softmax", activations.softmax),
    **_called("log_softmax", activations.log_softmax),
    **_called("logsumexp", activations.logsumexp),
    functional.glu: activations.glu,
    functional.normalize: activations.normalized,
    functional.layer_norm: norms.layer_norm,
    functional.group_norm: norms.group_norm,
    functional.instance_norm: norms.instance_norm,
    functional.rms_norm: norms.rms_norm,
    **_called("bmm einsum bilinear outer dot inner mv tensordot", products.multilinear),
    functional.scaled_dot_product_attention: attention.scaled_dot_product,
    functional.multi_head_attention_forward: attention.multi_head,
    torch.lstm: recurrent.network(recurrent.lstm_step),
    torch.gru: recurrent.network(recurrent.gru_step),
    torch.rnn_tanh: recurrent.network(recurrent.tanh_step),
    torch.rnn_relu: recurrent.network(recurrent.relu_step),
    torch.lstm_cell: recurrent.cell(recurrent.lstm_step),
    torch.gru_cell: recurrent.cell(recurrent.gru_step),
    torch.rnn_tanh_cell: recurrent.cell(recurrent.tanh_step),
    torch.rnn_relu_cell: recurrent.cell(recurrent.relu_step),
    **_called(_POOLS, sums.pooled),
    **_called("add", sums.add),
    **_called("sub subtract", sums.subtract),
    **_called("rsub __rsub__", sums.subtract_from),
    **_called("mul multiply __mul__ __rmul__", sums.multiply),
    **_called("div divide true_divide __truediv__", sums.divide),
    **_called("addcmul", sums.add_product),
    **_called("addmm baddbmm", sums.add_matmul),
    **_called("lerp", sums.interpolated),
    **_called("neg negative __neg__", sums.negate),
}

# In guided backpropagation and deconvolution all else is torch's own gradient.
GUIDED: Mapping[Any, Handler] = _called(_ACTIVATIONS, activations.guided)


def handlers_for(composite: Composite) -> Mapping[Any, Handler]:
    """The table that the composite's pass needs."""
    return HANDLERS if composite.flow == "relevance" else GUIDED
