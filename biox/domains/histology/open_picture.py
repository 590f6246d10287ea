"""Opening picture files of others: only the kinds that tiles come in, and none that would fill the memory."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from biox.core.errors import InputError

# Pillow would open some seventy kinds, among them PostScript, for which it starts another program.
KINDS = ("PNG", "JPEG", "TIFF", "BMP")
# Pillow's own limit, asked here, too, since other packages may raise it; a tile has a thousandth of it.
MOST_PIXELS = 178_956_970


@contextmanager
def opened_picture(file: Path) -> Iterator[Image.Image]:
    """A PNG, JPEG, TIFF or BMP file whose size is known and whose pixels are not yet read.

    Raises InputError for one that announces more than MOST_PIXELS, and what Pillow raises for other files.
    """
    with warnings.catch_warnings():
        # What Pillow warns of is refused below.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            picture = Image.open(file, formats=KINDS)
        except Image.DecompressionBombError as error:
            raise InputError(f"{file} announces too many pixels ({error}); cut it into tiles.") from None
    with picture:
        if picture.width * picture.height > MOST_PIXELS:
            raise InputError(
                f"{file} announces {picture.width} x {picture.height} pixels, and a picture may have {MOST_PIXELS}; "
                "cut it into tiles, or name it as a slide if it is one."
            )
        yield picture
