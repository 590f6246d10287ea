"""Weights from a local file, which must fit the network exactly, but for the layer that is replaced."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from biox.core.errors import InputError

SHOWN = 3


def load_weights(network: nn.Module, file: Path, what: str, spare: str | None) -> None:
    """Load a safetensors file into the network; ``spare`` is the layer that will be replaced, whatever the file says.

    ``what`` names the network in messages. A file that is not there or is none, and weights that are missing, unknown
    or of another shape, are an InputError that names them.
    """
    found, own = _read(file), network.state_dict()
    found = {name: value for name, value in found.items() if not _spared(name, spare)}
    # BatchNorm's counter of batches is used by nothing here, and older files lack it.
    missing = [
        name for name in own if name not in found and not _spared(name, spare) and "num_batches_tracked" not in name
    ]
    unknown = [name for name in found if name not in own]
    shapes = [
        f"{name} {tuple(value.shape)} instead of {tuple(own[name].shape)}"
        for name, value in found.items()
        if name in own and value.shape != own[name].shape
    ]
    groups = (("missing", missing), ("unknown", unknown), ("of another shape", shapes))
    wrong = [f"{len(names)} {word} ({_some(names)})" for word, names in groups if names]
    if wrong:
        raise InputError(
            f"The weights in {file} are not those of {what}: {'; '.join(wrong)}. "
            "Name the network and the options that the file was saved from."
        )
    network.load_state_dict(found, strict=False)


def _read(file: Path) -> dict[str, Tensor]:
    if not file.is_file():
        raise InputError(f"There is no file of weights {file}.")
    try:
        return load_file(file)
    except SafetensorError as error:
        raise InputError(
            f"{file} is no safetensors file ({error}). Convert weights of torch once: "
            "safetensors.torch.save_file(torch.load('weights.pth', weights_only=True), 'weights.safetensors')."
        ) from None


def _spared(name: str, spare: str | None) -> bool:
    return spare is not None and name.startswith(f"{spare}." if spare else "")


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
