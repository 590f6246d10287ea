"""Names of people, slides and cases as names of files: whatever they hold, they stay in their folder."""

import hashlib
import re

# With the longest ending that is put behind them, names stay below the 255 bytes that file systems allow.
MOST_BYTES = 120
# Windows takes these for devices, whatever ending they have.
DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{k}" for name in ("com", "lpt") for k in range(1, 10))}


def file_name(words: str, spare: str = "slide") -> str:
    """A name as part of file names: letters, digits, dot, hyphen and underscore, everything else a hyphen.

    A name of which nothing is left becomes ``spare``; a long one is cut and ends in a checksum, so that two stay two.
    """
    name = re.sub(r"[^\w.-]+", "-", words).strip(".-") or spare
    if len(name.encode("utf-8")) > MOST_BYTES:
        digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        name = f"{name.encode('utf-8')[: MOST_BYTES - 9].decode('utf-8', 'ignore')}-{digest}"
    return f"{spare}-{name}" if name.split(".")[0].casefold() in DEVICES else name
