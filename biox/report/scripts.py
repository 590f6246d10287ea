"""The scripts of a page, and what its Content-Security-Policy lets run: these by their hashes, and no other."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from biox.core.script_hash import script_hash
from biox.report.graph_view import has_graph
from biox.report.viewer import has_viewer

SCRIPTS = ("script.js", "levels.js")
INDEX_SCRIPTS = ("script.js", "index.js")
VIEWER_SCRIPTS = ("openseadragon/openseadragon.min.js", "viewer.js")
GRAPH_SCRIPTS = ("graph.js", "graph_legend.js", "graph_average.js", "graph_people.js")


def scripts(sections: Iterable[Any]) -> tuple[str, ...]:
    """The scripts that a page of these sections runs, in their order, as names of files among the templates."""
    sections = list(sections)
    return SCRIPTS + VIEWER_SCRIPTS * has_viewer(sections) + GRAPH_SCRIPTS * has_graph(sections)


def inline(name: str) -> Markup:
    """One of our scripts as an element of a page."""
    return Markup(f"<script>{_inner(name)}</script>")


def allowed(names: Iterable[str]) -> Markup:
    """The hashes of scripts, as ``script-src`` lists them."""
    return Markup(" ".join(script_hash(_inner(name)) for name in names))


def asset(name: str) -> str:
    """A file among the templates."""
    return (files("biox.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def _inner(name: str) -> str:
    """A script as it stands in a page: with the line ends around it, which belong to what is hashed."""
    return f"\n{asset(name).strip()}\n"
