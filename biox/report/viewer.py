"""The slide viewer of a page: a slide that can be zoomed, its heatmaps over it, outlines, and a scale bar.

The pictures lie in files beside the page (``viewer/`` in its folder); what is in the page is only where they are and
how large. The browser loads each as an ordinary picture, which works from ``file://`` and needs no network.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from biox.report.script_data import script_safe

HOW_TO = (
    "Drag to move; zoom with + and −, by pinching, or with the wheel after a click into the slide; the arrow keys move "
    "too. Red speaks for the class, blue against it. Each zoom has its own scale, written beside the colours: the mean "
    "over a larger area is smaller."
)
SLIDE_KEYS = ("name", "title", "folder", "width", "height", "mpp", "picture", "heatmaps", "outlines")


@dataclass(frozen=True)
class Viewer:
    """A block of a page: slides to look at, as ``biox.steps.heatmaps`` lists them in ``viewer.json``.

    folder: of the pictures, as seen from the page.
    slides: for each its ``name``, ``title``, ``folder``, ``width``, ``height`` (level-0 pixels), ``mpp``, the pyramid
        of its ``picture``, its ``heatmaps`` (pyramids with a name and the limits of the colours) and its ``outlines``.
    colours: the colours of relevance from against over none to for, with their opacity, as CSS colours.
    """

    caption: str
    slides: tuple[Mapping[str, Any], ...]
    colours: tuple[str, ...]
    folder: str = "viewer"

    def __post_init__(self) -> None:
        for slide in self.slides:
            missing = [key for key in SLIDE_KEYS if key not in slide]
            assert not missing, f"slide {slide.get('name')} of the viewer lacks {missing}"

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of all annotations, in the order in which they are met; each has its own colour."""
        marked = (o for slide in self.slides for o in slide["outlines"] if o["kind"] == "annotation")
        return tuple(dict.fromkeys(o["class"] for o in marked))

    @property
    def kinds(self) -> frozenset[str]:
        """Which kinds of outlines there are: "annotation", "hot"."""
        return frozenset(o["kind"] for slide in self.slides for o in slide["outlines"])


def viewer(listing: Mapping[str, Any] | None, remark: str = "") -> Viewer | None:
    """The viewer of what ``viewer.json`` lists, with a remark below it; None where there is no slide to look at."""
    if listing is None or not listing["slides"]:
        return None
    return Viewer(f"{HOW_TO} {remark}".strip(), tuple(listing["slides"]), tuple(listing["colours"]))


def has_viewer(sections: Iterable[Any]) -> bool:
    """Whether any block of some sections, also behind a title that opens them, is a viewer."""
    return any(isinstance(block, Viewer) or has_viewer([block]) for s in sections for block in getattr(s, "blocks", ()))


def viewer_data(block: Viewer) -> Markup:
    """What the viewer shows, as JSON that can stand inside a page: nothing in it can close the script element."""
    kept = {"folder": block.folder, "slides": block.slides, "classes": block.classes, "colours": block.colours}
    return Markup(script_safe(kept))
