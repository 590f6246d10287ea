"""Damage to tables of text: cells, rows, columns, separators, quotes, line ends, encodings."""

from collections.abc import Callable
from pathlib import Path
from random import Random

CELLS = (
    *(
        "",
        " ",
        "nan",
        "NaN",
        "NA",
        "inf",
        "-inf",
        "1e309",
        "-1e308",
        "1e400",
        "0",
        "-0",
        "-1",
        "1",
        "2",
        "0.5",
        "1e-320",
    ),
    *(
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999999999",
        "1_000",
        "1,5",
        "1.5.5",
        "0x10",
        "1e",
    ),
    *(
        "True",
        "False",
        "None",
        "null",
        "#N/A",
        "=1+1",
        "@SUM(A1)",
        "-",
        "+",
        "'",
        '"',
        '""',
        "a\tb",
        "a;b",
        "a,b",
        "\\",
    ),
    *(
        "ÄÖÜ",
        "😀",
        "\u202e",
        "\ufeff",
        "\x00",
        "a\rb",
        "..",
        "../x",
        "/etc/passwd",
        "a | b",
        "a - b",
        "all",
        "x" * 5000,
    ),
    *(
        "٣",
        "１２",
        "½",
        "1 000",
        "1\u00a0000",
        "12:30",
        "2020-01-01",
        "1+2j",
        "P1;P2",
        ";",
        "|",
        "NULL",
        "<b>",
        "%s",
        "{x}",
    ),
)
SEPARATORS = (",", ";", "\t", "|", " ")
ENCODINGS = ("utf-8-sig", "utf-16", "latin-1", "cp1252", "utf-32", "utf-7")


def damage_table(file: Path, random: Random) -> None:
    """One to four changes of a table of text, sometimes of how it is encoded."""
    text = file.read_text(encoding="utf-8", errors="surrogateescape")
    line = text.split("\n", 1)[0]
    separator = max(SEPARATORS[:3], key=line.count)
    for _ in range(random.randint(1, 4)):
        text = random.choice((_cell, _cell, _cell, _rows, _columns, _whole))(text, separator, random)
    encoding = random.choice(ENCODINGS) if random.random() < 0.05 else "utf-8"
    file.write_bytes(text.encode(encoding, errors="replace" if encoding != "utf-8" else "surrogateescape"))


def _cell(text: str, separator: str, random: Random) -> str:
    lines = text.split("\n")
    row = random.randrange(len(lines)) if random.random() < 0.8 else 0
    cells = lines[row].split(separator)
    column = random.randrange(len(cells))
    nasty = random.choice(CELLS)
    if random.random() < 0.2:
        nasty = cells[column] + nasty
    if random.random() < 0.15:  # a whole column
        for other in range(1, len(lines)):
            own = lines[other].split(separator)
            if column < len(own):
                lines[other] = separator.join([*own[:column], nasty, *own[column + 1 :]])
        return "\n".join(lines)
    lines[row] = separator.join([*cells[:column], nasty, *cells[column + 1 :]])
    return "\n".join(lines)


def _rows(text: str, separator: str, random: Random) -> str:
    lines = text.split("\n")
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    ways: tuple[Callable[[], list[str]], ...] = (
        lambda: [*lines[: at + 1], *lines[at:]],
        lambda: [*lines[:at], *lines[at + 1 :]],
        lambda: lines[: at + 1],
        lambda: lines[:1],
        lambda: lines[1:],
        lambda: [*lines[:at], "", *lines[at:]],
        lambda: [*lines[:at], lines[at] + separator + "1", *lines[at + 1 :]],
        lambda: [*lines[:at], lines[at].rpartition(separator)[0], *lines[at + 1 :]],
        lambda: [*lines[:at], lines[other], *lines[at + 1 :]],
        lambda: [lines[0], *random.sample(lines[1:], len(lines) - 1)],
    )
    return "\n".join(random.choice(ways)())


def _columns(text: str, separator: str, random: Random) -> str:
    rows = [line.split(separator) for line in text.split("\n")]
    width = len(rows[0])
    at, other = random.randrange(width), random.randrange(width)
    ways: tuple[Callable[[list[str]], list[str]], ...] = (
        lambda row: [*row[:at], *row[at + 1 :]],
        lambda row: [*row[: at + 1], *row[at:]],
        lambda row: [*row, *row[at : at + 1]],
        lambda row: [row[other] if n == at and other < len(row) else cell for n, cell in enumerate(row)],
        lambda row: row[::-1],
        lambda row: row[:1],
    )
    way = random.choice(ways)
    if random.random() < 0.3:  # in the header only
        rows[0] = way(rows[0])
        return "\n".join(separator.join(row) for row in rows)
    return "\n".join(separator.join(way(row)) for row in rows)


def _whole(text: str, separator: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    ways: tuple[Callable[[], str], ...] = (
        lambda: text.replace(separator, random.choice(SEPARATORS)),
        lambda: "\ufeff" + text,
        lambda: text.replace("\n", "\r\n"),
        lambda: text.replace("\n", "\r"),
        lambda: text.replace(".", ","),
        lambda: text[:at] + '"' + text[at:],
        lambda: text[:at] + random.choice(CELLS) + text[at:],
        lambda: text[:at],
        lambda: "\n" + text,
        lambda: text + text,
        lambda: "# comment\n" + text,
        lambda: text.upper(),
        lambda: "",
        lambda: "\n" * 3,
    )
    return random.choice(ways)()
