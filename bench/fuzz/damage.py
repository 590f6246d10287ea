"""Damage to files: bytes, cells of tables, branches of trees, arrays. Each change is drawn from ``random``.

``random`` may be any ``random.Random``: a seeded one in the campaign, hypothesis' own in the tests, or one that is fed
by atheris.
"""

from collections.abc import Callable
from pathlib import Path
from random import Random

from bench.fuzz import damage_arrays, damage_stores, damage_text, damage_trees

MOST_CHANGES = 4
NUMBERS = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff",
    b"\x00\x00",
    b"\xff\xff\xff\x7f",
    b"\x00\x00\x00\x80",
    b"\xff" * 8,
)

Change = Callable[[bytes, Random], bytes]


def damage(file: Path, random: Random) -> None:
    """Change a file in place: as what its name says it is, or as bytes."""
    own = BY_SUFFIX.get(file.suffix.lower())
    content = file.read_bytes()
    if own is not None and random.random() < 0.8:
        try:
            own(file, random)
        except Exception:  # what cannot be written as such a file is damaged as bytes
            file.write_bytes(content)
        else:
            return
    for _ in range(random.randint(1, MOST_CHANGES)):
        content = damaged_bytes(content, random)
    file.write_bytes(content)


def damaged_bytes(content: bytes, random: Random) -> bytes:
    """One change of a string of bytes; the beginning, where formats keep their headers, is hit more often."""
    if not content:
        return random.choice(NUMBERS)
    reach = len(content) if random.random() < 0.5 else min(len(content), 512)
    at = random.randrange(reach)
    length = min(len(content) - at, 1 << random.randint(0, 9))
    piece = content[at : at + length]
    number = random.choice(NUMBERS)
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: content[:at] + bytes([content[at] ^ (1 << random.randint(0, 7))]) + content[at + 1 :],
        lambda: content[:at] + bytes([random.randint(0, 255)]) + content[at + 1 :],
        lambda: content[:at] + number + content[at + len(number) :],
        lambda: content[:at] + number + content[at:],
        lambda: content[:at],
        lambda: content[:at] + content[at + length :],
        lambda: content[:at] + piece + content[at:],
        lambda: content[:at] + bytes(length) + content[at + length :],
    )
    return random.choice(ways)()


BY_SUFFIX: dict[str, Callable[[Path, Random], None]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), damage_text.damage_table),
    **dict.fromkeys((".json", ".geojson"), damage_trees.damage_json),
    **dict.fromkeys((".yaml", ".yml"), damage_trees.damage_yaml),
    ".xml": damage_trees.damage_xml,
    ".npz": damage_arrays.damage_npz,
    ".npy": damage_arrays.damage_npy,
    ".mat": damage_arrays.damage_mat,
    ".parquet": damage_stores.damage_parquet,
    ".h5ad": damage_stores.damage_hdf5,
    ".safetensors": damage_stores.damage_safetensors,
}
