"""Which handler takes which operation of torch: the table that ``Capture`` looks operations up in.

A handler is a function ``(capture, func, *arguments)`` that computes the value as torch would and links it to its
inputs. A rule for a new operation is one such function and its line here.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biox.lrp.capture import Handler
from biox.lrp.composites import Composite
from biox.lrp.functions import called
from biox.lrp.handlers import (
    activations,
    attention,
    convolve,
    copies,
    integers,
    lengths,
    norms,
    products,
    recurrent,
    reshapes,
    sums,
    weighted,
)
from biox.lrp.inplace import replaced, with_item
from biox.lrp.tags import GATE, INTEGERS

_COPIES = """
    permute transpose swapaxes swapdims movedim moveaxis t
    adjoint squeeze unsqueeze expand expand_as broadcast_to repeat repeat_interleave tile clone narrow select
    index_select gather take take_along_dim __getitem__ unbind split split_with_sizes tensor_split chunk hsplit vsplit
    cat concat concatenate stack hstack vstack dstack flip fliplr flipud roll rot90 pad unfold diagonal tril triu to
    float double half bfloat16 type_as cpu cuda where masked_fill masked_select pixel_shuffle pixel_unshuffle max_pool1d
    max_pool2d max_pool3d max_pool1d_with_indices max_pool2d_with_indices max_pool3d_with_indices adaptive_max_pool1d
    adaptive_max_pool2d adaptive_max_pool3d adaptive_max_pool1d_with_indices adaptive_max_pool2d_with_indices
    adaptive_max_pool3d_with_indices max min amax amin maximum minimum sort topk channel_shuffle
    diag diag_embed diagonal_scatter select_scatter slice_scatter scatter index_copy index_fill index_put masked_scatter
    put block_diag column_stack row_stack dsplit broadcast_tensors atleast_1d atleast_2d atleast_3d unsafe_chunk
    unsafe_split median nanmedian kthvalue msort aminmax cummax cummin fmax fmin max_unpool1d max_unpool2d max_unpool3d
    positive __pos__ meshgrid narrow_copy alias_copy cartesian_prod as_strided
"""
_RESHAPES = "view view_as reshape reshape_as flatten unflatten ravel contiguous"
_POOLS = """
    avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d mean sum cumsum
    interpolate upsample upsample_nearest upsample_bilinear fold scatter_add index_add quantile trace trapezoid
"""
_PASSED = """
    leaky_relu elu gelu silu hardswish mish selu celu prelu hardshrink softshrink softsign threshold tanhshrink
    logsigmoid log log2 log10 log1p expm1 atan arctan asinh arcsinh sinh logit nan_to_num local_response_norm
"""
_POSITIVE = "softplus exp exp2 abs absolute square"
_GATES = "sigmoid expit hardsigmoid"
_LIMITED = "relu6 sqrt"
_UNITS = "tanh erf"
_ACTIVATIONS = f"relu rrelu hardtanh {_PASSED} {_POSITIVE} {_GATES} {_LIMITED} {_UNITS}"
_SCALES = "rsqrt reciprocal sign sgn heaviside"
_LENGTHS = "norm linalg_norm linalg_vector_norm vector_norm std"
_PRODUCTS = "bmm einsum bilinear outer ger dot vdot inner mv tensordot vecdot multi_dot chain_matmul kron cross"
_CONSTANTS = """
    detach zeros_like ones_like empty_like full_like rand_like randn_like new_zeros new_ones new_empty new_full
    new_tensor requires_grad_ retain_grad fill
"""
_DROPOUTS = "dropout feature_dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout"


def _getter(attribute: str) -> Any:
    """What torch calls when an attribute of a tensor is read."""
    return getattr(Tensor, attribute).__get__


HANDLERS: Mapping[Any, Handler] = {
    INTEGERS: integers.handled,
    **called(_COPIES, copies.copied),
    **called(_RESHAPES, reshapes.reshaped),
    Tensor.to: reshapes.converted,
    **called("as_strided", reshapes.strided),
    **dict.fromkeys([with_item, replaced, _getter("T"), _getter("mT"), _getter("H"), _getter("mH")], copies.copied),
    torch._VF._pack_padded_sequence: copies.copied,
    torch._VF._pad_packed_sequence: copies.copied,
    functional.embedding: copies.row,
    **called(_CONSTANTS, copies.constant),
    _getter("data"): copies.constant,
    **called(_DROPOUTS, copies.dropout),
    **called("linear", weighted.linear),
    **called("matmul mm __matmul__", weighted.matmul),
    **called("conv1d conv2d conv3d", convolve.convolution),
    **called("conv_transpose1d conv_transpose2d conv_transpose3d", convolve.transposed),
    functional.batch_norm: weighted.batch_norm,
    **called("relu", weighted.relu),
    **called("clamp clamp_min clip", activations.clamp),
    **called("clamp_max", activations.clamp_max),
    **called(_PASSED, activations.passed),
    **called(_POSITIVE, activations.positive),
    **called(_GATES, activations.gate),
    **called(_LIMITED, activations.limited),
    **called(_UNITS, activations.unit),
    **called("pow __pow__ float_power", activations.power),
    **called("__rpow__", activations.passed),
    functional.hardtanh: activations.hardtanh,
    **called("rrelu", activations.randomised_relu),
    **called(_SCALES, activations.scale),
    **called(_LENGTHS, lengths.homogeneous(1, GATE)),
    **called("var", lengths.homogeneous(2, GATE)),
    **called("lp_pool1d lp_pool2d lp_pool3d diff", lengths.homogeneous(1)),
    torch.std_mean: lengths.with_mean(1),
    torch.var_mean: lengths.with_mean(2),
    **called("softmax", activations.softmax),
    **called("log_softmax", activations.log_softmax),
    functional.softmin: activations.softmin,
    **called("logsumexp", activations.logsumexp),
    **called("logaddexp", activations.logaddexp),
    functional.glu: activations.glu,
    functional.normalize: activations.normalized,
    functional.layer_norm: norms.layer_norm,
    functional.group_norm: norms.group_norm,
    functional.instance_norm: norms.instance_norm,
    **called("rms_norm", norms.rms_norm),
    Tensor.__rmatmul__: products.multiplied_from_left,
    torch.sparse.mm: products.multilinear,
    **called(_PRODUCTS, products.multilinear),
    **called("prod", products.all_factors),
    functional.cosine_similarity: products.cosine_similarity,
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
    **called(_POOLS, sums.pooled),
    functional.grid_sample: sums.sampled,
    **called("scatter_reduce", sums.reduced),
    **called("add", sums.add),
    **called("sub subtract", sums.subtract),
    **called("rsub __rsub__", sums.subtract_from),
    **called("mul multiply __mul__ __rmul__", sums.multiply),
    **called("div divide true_divide __truediv__", sums.divide),
    **called("__rdiv__ __rtruediv__", sums.divide_into),
    **called("addcmul", sums.add_product),
    functional.mse_loss: lengths.distance(torch.square),
    functional.l1_loss: lengths.distance(torch.abs),
    **called("addcdiv", sums.add_quotient),
    **called("addmm baddbmm", sums.add_matmul),
    **called("lerp", sums.interpolated),
    **called("neg negative __neg__", sums.negate),
}

# In guided backpropagation and deconvolution all else is torch's own gradient.
GUIDED: Mapping[Any, Handler] = {INTEGERS: integers.handled, **called(_ACTIVATIONS, activations.guided)}


def handlers_for(composite: Composite) -> Mapping[Any, Handler]:
    """The table that the composite's pass needs, its own operations included."""
    table = HANDLERS if composite.flow == "relevance" else GUIDED
    return {**table, **dict(composite.operations)} if composite.operations else table
