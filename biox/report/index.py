"""The page that leads to all reports: each study's question and its first answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from biox.core.study import Study
from biox.core.types import Cohort, Evidence
from biox.report.answer import question
from biox.report.blocks import Text
from biox.report.given import Given
from biox.report.page import environment
from biox.report.scripts import SCRIPTS


@dataclass(frozen=True)
class Entry:
    """A study on the index: its name (also its folder), title, question and answers."""

    name: str
    title: str
    question: str
    answers: tuple[str, ...]


def entry(study: Study, cohort: Cohort, evidence: Evidence) -> Entry:
    """What the index says of a study: the answers of its page, and what speaks against them."""
    made = question(Given(study, cohort, evidence, {}, {}))
    blocks = made.blocks if made is not None else ()
    answers = tuple(block.words for block in blocks if isinstance(block, Text) and block.look in ("answer", "warning"))
    return Entry(study.name, study.title, study.question, answers)


def index_page(entries: Sequence[Entry]) -> str:
    """The HTML of the index; each study links to ``NAME/index.html`` beside it."""
    return environment().get_template("index.html").render(entries=entries, scripts=SCRIPTS)
