"""The hash by which a page's Content-Security-Policy knows a script of ours; every other script in it does not run."""

import base64
import hashlib


def script_hash(script: str) -> str:
    """What ``script-src`` names for everything between ``<script>`` and ``</script>``: ``'sha256-...'``."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"
