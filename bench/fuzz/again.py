"""One input of the campaign once more, with its words: ``python -m bench.fuzz.again READER NUMBER [FOLDER]``.

The damaged files stay in ``FOLDER/input`` (a temporary one unless it is named).
"""

import sys
import tempfile
from pathlib import Path

from bench.fuzz.child import one
from bench.fuzz.targets import targets
from bench.fuzz.trying import prepared


def main(name: str, number: int, folder: Path) -> None:
    """Make the input anew and read it."""
    cases = targets()[name].cases
    whole = [prepared(case, folder / str(place)) for place, case in enumerate(cases)]
    outcome, inputs = one(cases, whole, number, folder / "input")
    print(outcome.kind, "|", outcome.where)
    print(outcome.words)
    print(*inputs, sep="\n")


if __name__ == "__main__":
    place = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp())
    main(sys.argv[1], int(sys.argv[2]), place)
