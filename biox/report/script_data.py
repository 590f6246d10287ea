"""Data that stand inside a page or a script beside it: nothing in them can close the script element."""

import json


def script_safe(value: object) -> str:
    """JSON that may stand in a script, wherever it is written: only ASCII, and no character that HTML knows.

    Numbers are finite: what does not apply is None, since browsers read no NaN.
    """
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
