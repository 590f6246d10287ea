"""What the images in an .npz file are called: one name each, and no name twice."""

from pathlib import Path

import numpy as np

from biox.core.errors import InputError

KINDS = "USiu"  # of numpy: text, bytes, whole numbers


def image_names(ids: np.ndarray, count: int, file: Path) -> np.ndarray:
    """The names as text, shape (image,); other shapes and kinds, and names that stand twice, are an InputError."""
    if ids.dtype.kind not in KINDS:
        raise InputError(f"{file}: image_ids are {ids.dtype}; expected text or whole numbers.")
    names = np.char.decode(ids, "utf-8", "replace") if ids.dtype.kind == "S" else ids.astype(str)
    several = len(np.unique(names))
    if names.shape != (count,) or several != count:
        raise InputError(
            f"{file}: {count} images need as many different image_ids; found {several} different of {ids.size} ids."
        )
    return names
