"""Looking at relevance inside the model: what arrives at named layers, and letting only chosen channels pass."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from biox.lrp.tags import Tag

if TYPE_CHECKING:
    from biox.lrp.capture import Capture

Mask = int | Sequence[int] | Tensor


@dataclass
class Watch:  # not frozen: it collects while the pass runs
    """What a call wants to know and to mask at the layers of the model, and what it found.

    layers: patterns of names. masks: for a pattern, the channels that relevance may pass, or factors of relevance.
    starts: names of layers that explanations start from.
    met: the names of each layer that has run, by its rank in the run. values: its output.
    dims: the dimension of its channels.
    found: the relevance that arrived, by name. biases: whether what biases keep is wanted too; taken: what they kept.
    """

    layers: Sequence[str] = ()
    masks: Mapping[str, Mask] = field(default_factory=dict)
    starts: Sequence[str] = ()
    biases: bool = False
    values: dict[str, Tensor] = field(default_factory=dict)
    dims: dict[str, int | None] = field(default_factory=dict)
    found: dict[str, Tensor] = field(default_factory=dict)
    taken: dict[str, Tensor] = field(default_factory=dict)
    met: dict[int, list[str]] = field(default_factory=dict)

    def wants(self, name: str) -> bool:
        """Whether anything is asked of the layer of this name."""
        return any(fnmatchcase(name, pattern) for pattern in (*self.layers, *self.masks, *self.starts))

    def passes(self, rank: int, name: str, value: Tensor, channel_dim: int | None) -> None:
        """A layer with weights has run, or was joined by its BatchNorm or ReLU."""
        names = self.met.setdefault(rank, [])
        if not names and name and self.wants(name):
            names.append(self._numbered(name))
        self._note(rank, value, channel_dim)

    def also(self, rank: int, name: str, value: Tensor, channel_dim: int | None) -> None:
        """The same tensor has another name: that of a module around the layer."""
        names = self.met.setdefault(rank, [])
        if not any(known == name or known.startswith(f"{name}:") for known in names):
            names.append(self._numbered(name))
        self._note(rank, value, channel_dim)

    def arrives(self, rank: int, relevance: Tensor) -> Tensor:
        """Relevance at a layer's output: masked, noted, and handed on."""
        for name in self.met.get(rank, ()):
            for pattern, mask in self.masks.items():
                if fnmatchcase(name, pattern):
                    relevance = relevance * _factors(mask, relevance, self.dims[name], name)
            if any(fnmatchcase(name, pattern) for pattern in self.layers):
                self.found[name] = self.found[name] + relevance if name in self.found else relevance
        return relevance

    def _note(self, rank: int, value: Tensor, channel_dim: int | None) -> None:
        for name in self.met[rank]:
            self.values[name], self.dims[name] = value, channel_dim

    def _numbered(self, name: str) -> str:
        """A layer's second use in one run is ``name:2``."""
        uses = sum(known == name or known.startswith(f"{name}:") for names in self.met.values() for known in names)
        return name if uses == 0 else f"{name}:{uses + 1}"

    def bias(self, rank: int, name: str, kept: Tensor) -> None:
        """What the biases of a layer kept for themselves, by sample and channel."""
        key = name or f"layer {rank}"
        known = self.taken.get(key)
        self.taken[key] = kept if known is None or known.shape != kept.shape else known + kept

    def collected(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """What one pass backwards found at layers and in biases; the next one starts anew."""
        wanted = (name for name in self.values if any(fnmatchcase(name, pattern) for pattern in self.layers))
        layers = {name: self.found.get(name, torch.zeros_like(self.values[name])) for name in wanted}
        biases = dict(self.taken)
        self.found.clear()
        self.taken.clear()
        return layers, biases

    def units(self, name: str, channels: Mask | None) -> tuple[Tensor, Tensor]:
        """The output of a layer, and 1 at its chosen channels."""
        value = self.values[name]
        ones = torch.ones_like(value)
        return value, ones if channels is None else ones * _factors(channels, value.detach(), self.dims[name], name)

    def check(self, known: Sequence[str]) -> None:
        """Refuse names that no layer has."""
        names = [name for names in self.met.values() for name in names]
        for pattern in (*self.layers, *self.masks, *self.starts):
            if not any(fnmatchcase(name, pattern) for name in names):
                listed = ", ".join(known) or "none, since it is no nn.Module"
                raise ValueError(f"No layer {pattern!r} ran; the model has: {listed}.")


@contextmanager
def modules_watched(watch: Watch, capture: "Capture", model: object) -> Iterator[None]:
    """While the model runs, its modules are seen by name too, by hooks that are removed afterwards."""
    handles = [
        module.register_forward_hook(_hook(watch, capture, name))
        for name, module in (model.named_modules() if isinstance(model, nn.Module) else ())
        if name and watch.wants(name)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _hook(watch: Watch, capture: "Capture", name: str) -> Any:
    def hook(module: nn.Module, given: Any, output: Any) -> Any:
        """Of a module that gives several tensors (nn.LSTM), the first one counts as its output."""
        first = output[0] if isinstance(output, tuple) and type(output) is tuple and output else output
        seen = look(first) if isinstance(first, Tensor) else None
        return seen if seen is None or first is output else (seen, *output[1:])

    def look(output: Tensor) -> Tensor | None:
        current = capture.current(output)
        tag = capture.tag(current)
        if tag is None:
            return None
        if tag.layer is not None:  # a bare linear layer, which a BatchNorm or ReLU may still join
            watch.also(tag.layer.rank, name, current, tag.layer.layer.operator.channel_dim)
            return None
        rank = -1 - len(watch.met)

        def back(relevance: Tensor) -> tuple[Tensor]:
            return (watch.arrives(rank, relevance),)

        known = Tag(capture, raw=tag.raw, positive=tag.positive, bounds=tag.bounds, gate=tag.gate, unit=tag.unit)
        seen = capture.link(current.detach(), (current,), back, known)
        tag.value = seen  # whoever holds the module's output elsewhere passes here too
        watch.also(rank, name, seen, None if current.ndim == 3 else 1)
        return seen

    return hook


def _factors(mask: Mask, relevance: Tensor, channel_dim: int | None, name: str) -> Tensor:
    if not isinstance(mask, int | Tensor):
        mask = torch.as_tensor(mask) if len(mask) else torch.zeros(0, dtype=torch.long)
    if isinstance(mask, Tensor) and (mask.dtype == torch.bool or mask.is_floating_point()):
        factors = mask.to(relevance)
        return factors if mask.ndim != 1 or channel_dim is None else _along(factors, channel_dim, relevance)
    if channel_dim is None:
        raise ValueError(
            f"Which dimension of {name!r} holds its channels is not known (its output has shape "
            f"{tuple(relevance.shape)}). Say which values count by a float or bool tensor that broadcasts to it."
        )
    chosen = torch.as_tensor(mask, device=relevance.device).reshape(-1).long()
    channels = relevance.shape[channel_dim]
    if bool(((chosen < 0) | (chosen >= channels)).any()):
        raise ValueError(f"The layer {name!r} has the channels 0 to {channels - 1}, but its mask keeps {mask!r}.")
    kept = torch.zeros(channels, dtype=relevance.dtype, device=relevance.device).index_fill(0, chosen, 1.0)
    return _along(kept, channel_dim, relevance)


def _along(values: Tensor, channel_dim: int, like: Tensor) -> Tensor:
    """One value a channel, shaped to meet a tensor."""
    return values.reshape(-1, *(1,) * (like.ndim - 1 - channel_dim % like.ndim))
