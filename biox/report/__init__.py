"""The report floor: evidence becomes figures, and figures become a page that opens anywhere."""

from biox.report.blocks import Page
from biox.report.index import Entry, entry, index_page
from biox.report.page import study_page
from biox.report.person import person_page
from biox.report.raster import png

__all__ = ["Entry", "Page", "entry", "index_page", "person_page", "png", "study_page"]
