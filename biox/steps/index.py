"""Index: one page that leads to the reports of all studies."""

from collections.abc import Iterable

from biox.core.study import Study
from biox.core.types import Cohort, Evidence
from biox.report import entry, index_page


def index(studies: Iterable[tuple[Study, Cohort, Evidence]]) -> str:
    """The HTML of the index, with each study's question and answers, in the order given."""
    return index_page([entry(study, cohort, evidence) for study, cohort, evidence in studies])
