"""Parts of weights (positive, squared ...), kept as long as the weights live and stay unchanged."""

from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

from biox.lrp.rules import Part, whole

_kept: WeakIdKeyDictionary = WeakIdKeyDictionary()


def part_of(weight: Tensor, part: Part) -> Tensor:
    """``part(weight)``, computed once for every state of the weights.

    A state is told by the address and the version counter of the tensor, which in-place changes raise. A change written
    through ``weight.data`` raises none, so a sample of the values is compared, too. On a GPU that comparison would cost
    more than computing the part again, so nothing is kept there.
    """
    if part is whole:
        return weight
    if weight.device.type != "cpu":
        return part(weight.detach())
    state = _state(weight)
    known = _kept.get(weight)
    if known is None or known[0] != state:
        known = _kept[weight] = (state, {})
    if part not in known[1]:
        known[1][part] = part(weight.detach())
    return known[1][part]


def _state(weight: Tensor) -> tuple[object, ...]:
    values = weight.detach().reshape(-1) if weight.is_contiguous() else weight.detach()[:1].reshape(-1)
    sample = values[:: max(1, values.numel() // 16)]
    return weight.data_ptr(), weight._version, tuple(sample.tolist())
