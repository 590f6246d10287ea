"""What a page is made of: sections that hold sentences, tables, figures and explanations, as plain data.

The words are plain text and become HTML in one place, the template, where everything is escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from biox.report.graph_view import GraphView, PeopleView
from biox.report.levels import EXPERTS, Reader
from biox.report.viewer import Viewer


@dataclass(frozen=True)
class Text:
    """A paragraph; ``look`` is "plain", "note" (small print), "warning" or "answer"."""

    words: str
    look: str = "plain"


@dataclass(frozen=True)
class Table:
    """A table of numbers; its first ``names`` and last ``notes`` columns are words, ``strong`` the rows to stress."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    names: int = 1
    notes: int = 0
    strong: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Hover:
    """What is read out under the cursor: for each position of the horizontal axis the values of every series.

    left, right: the places of the first and last position, as shares of the picture's width.
    series: name and values (already rounded for reading) of each curve.
    """

    left: float
    right: float
    positions: tuple[str, ...]
    unit: str
    series: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption; ``name`` is its file name, ``width`` how wide it may grow on the page in pixels."""

    name: str
    svg: str
    caption: str
    hover: Hover | None = None
    width: int = 420


@dataclass(frozen=True)
class Grid:
    """Figures side by side where the screen is wide enough."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Terms:
    """Words of the trade, each explained in one sentence."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Code:
    """Text to copy, shown as it is."""

    words: str


@dataclass(frozen=True)
class Fold:
    """Blocks behind a title that opens them."""

    title: str
    blocks: tuple["Block", ...]


@dataclass(frozen=True)
class Only:
    """Blocks of a section that only some of its readers see."""

    readers: tuple[Reader, ...]
    blocks: tuple["Block", ...]


Block = Text | Table | Figure | Grid | Terms | Code | Fold | Only | Viewer | GraphView | PeopleView


@dataclass(frozen=True)
class Section:
    """A part of the page with its heading; ``id`` is its address within the page, ``readers`` for whom it is."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    readers: tuple[Reader, ...] = EXPERTS


@dataclass(frozen=True)
class Page:
    """A whole page, its figures as SVG by name (without ending), and what lies beside it, by the names of the files.

    files: texts beside the page; tables: what its folder ``tables`` holds (``biox.report.tables``).
    """

    html: str
    figures: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, bytes] = field(default_factory=dict)


def figures(blocks: Iterable[Block]) -> list[Figure]:
    """Every figure in some blocks, in their order."""
    found: list[Figure] = []
    for block in blocks:
        match block:
            case Figure():
                found.append(block)
            case Grid(inner):
                found += inner
            case Fold(_, inner) | Only(_, inner):
                found += figures(inner)
    return found


def tidy(table: Table) -> Table:
    """The table without first columns in which all rows say the same, and last ones in which none says anything."""
    last, cells = len(table.head) - table.notes, [{row[k] for row in table.rows} for k in range(len(table.head))]
    same = {k for k in range(1, table.names) if len(cells[k]) == 1}
    empty = {k for k in range(last, len(table.head)) if cells[k] <= {""}}
    kept = [k for k in range(len(table.head)) if k not in same | empty]
    rows = tuple(tuple(row[k] for k in kept) for row in table.rows)
    head = tuple(table.head[k] for k in kept)
    return replace(table, head=head, rows=rows, names=table.names - len(same), notes=table.notes - len(empty))


def section(
    name: str, title: str, blocks: Sequence[Block | None], readers: tuple[Reader, ...] = EXPERTS
) -> Section | None:
    """A section of the blocks that are there; None where all are missing or only explain words."""
    there = tuple(block for block in blocks if block is not None)
    return Section(name, title, there, readers) if any(not isinstance(block, Terms) for block in there) else None
