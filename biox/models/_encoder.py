"""Any network as an encoder: its last linear layer is taken off, so that what is left gives features of an image."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from biox.core.errors import InputError
from biox.core.find import bind, find
from biox.models._weights import load_weights

AUTO, APPEND = "auto", "append"


class Encoder(nn.Module):
    """A network that gives features; frozen, its weights and its BatchNorm's running means stay as they are."""

    def __init__(self, network: nn.Module, frozen: bool) -> None:
        super().__init__()
        self.network = network.requires_grad_(not frozen)
        self.frozen = frozen

    def forward(self, x: Float[Tensor, "sample *feature"]) -> Float[Tensor, "sample feature"]:
        """The features of each sample."""
        return self.network(x)

    def train(self, mode: bool = True) -> "Encoder":
        """Training mode, unless frozen: BatchNorm would follow the new data, and dropout blur its features."""
        return super().train(mode and not self.frozen)


def encoder_of(
    make: str, arguments: dict[str, Any] | None, weights: Path | None, head: str, frozen: bool, shape: tuple[int, ...]
) -> tuple[Encoder, int]:
    """The encoder that a study file describes, and how many features it gives."""
    network = _made(make, arguments or {}, shape)
    last = _head_of(network, head, shape, make)
    if weights is not None:
        load_weights(network, weights, make, last)
    if last is not None:
        network, make = _headless(network, last), f"{make} without its layer {last!r},"
    features = _output_of(network, shape, make).shape[1]
    return Encoder(network, frozen), features


def _headless(network: nn.Module, head: str) -> nn.Module:
    """The network without the linear layer called ``head``, which hands on its input."""
    if not head:
        return nn.Flatten()
    network.set_submodule(head, nn.Identity())
    return network


def _made(make: str, arguments: Mapping[str, Any], shape: tuple[int, ...]) -> nn.Module:
    """The network that a study file names: a model of biox, or ``package.module:callable`` with its own arguments.

    Nothing is downloaded: an argument that asks for published weights is an InputError, as is one that the callable
    does not take.
    """
    try:
        function = find("biox.models", make)
    except InputError:
        raise
    except Exception as error:  # whatever somebody else's module raises when it is imported
        raise InputError(f"{make} could not be imported: {error}") from error
    if list(inspect.signature(function).parameters)[:2] == ["shape", "classes"]:
        return function(shape, 2, **bind(function, arguments, f"encoder {make!r}"))
    wanted = [key for key in ("pretrained", "weights") if arguments.get(key)]
    if wanted:
        raise InputError(
            f"The argument {wanted[0]!r} of {make} would fetch weights from the network, which no step does. Save them "
            "once as a safetensors file and name it: `weights: FILE.safetensors`, beside `arguments`."
        )
    try:
        network = function(**arguments)
    except Exception as error:  # whatever somebody else's code raises
        raise InputError(f"{make} could not be called with the arguments {dict(arguments)}: {error}") from error
    if not isinstance(network, nn.Module):
        raise InputError(f"{make} gave a {type(network).__name__}, wanted a torch.nn.Module.")
    return network


def _head_of(network: nn.Module, head: str, shape: tuple[int, ...], make: str) -> str | None:
    """The name of the linear layer to take off, or None where the network gives features already.

    head: ``"auto"`` finds the layer whose output is the network's; ``"append"`` takes nothing off; else its name.
    """
    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.Linear)}
    if head == APPEND:
        return None
    if head != AUTO:
        if head not in layers:
            last = list(layers)[-5:]
            raise InputError(
                f"head: {make} has no linear layer {head!r}; its last ones are {last}. Or 'auto', or 'append'."
            )
        return head
    outputs: dict[str, Tensor] = {}

    def note(name: str) -> Any:
        return lambda _module, _inputs, output: outputs.update({name: output})

    hooks = [layer.register_forward_hook(note(name)) for name, layer in layers.items()]
    try:
        result = _output_of(network, shape, make)
    finally:
        for hook in hooks:
            hook.remove()
    same = [name for name, output in outputs.items() if output.data_ptr() == result.data_ptr()]
    return same[0] if same else None


def _output_of(network: nn.Module, shape: tuple[int, ...], make: str) -> Float[Tensor, "one feature"]:
    """What the network gives for one empty sample; an InputError where it cannot take it or gives no row of values."""
    network.eval()
    try:
        with torch.no_grad():
            output = network(torch.zeros(1, *shape))
    except Exception as error:  # whatever somebody else's code raises
        raise InputError(f"{make} cannot take samples of shape {shape}: {error}") from error
    if not isinstance(output, Tensor) or output.ndim != 2:
        found = f"shape {tuple(output.shape)}" if isinstance(output, Tensor) else f"a {type(output).__name__}"
        raise InputError(f"{make} must give one row of values a sample, shape (sample, feature); it gave {found}.")
    return output
