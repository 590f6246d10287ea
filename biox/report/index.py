"""The page that leads to all reports: each study's question and its first answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from biox.core.study import Study
from biox.core.types import Cohort, Evidence
from biox.report.answer import question
from biox.report.blocks import Text
from biox.report.given import Given
from biox.report.page import environment
from biox.report.scripts import INDEX_SCRIPTS
from biox.report.trust_verdict import own_verdict

UNTESTED = "not tested"


@dataclass(frozen=True)
class Entry:
    """A study on the index: its name (also its folder), title, question and answers, and what it can be found by.

    people: how many are in its cohort; verdict: on its first explanation, "not tested" where there is none.
    """

    name: str
    title: str
    question: str
    answers: tuple[str, ...]
    domain: str = ""
    people: int = 0
    verdict: str = UNTESTED


def entry(study: Study, cohort: Cohort, evidence: Evidence) -> Entry:
    """What the index says of a study: the answers of its page, and what speaks against them."""
    given = Given(study, cohort, evidence, {}, {})
    made = question(given)
    blocks = made.blocks if made is not None else ()
    answers = tuple(block.words for block in blocks if isinstance(block, Text) and block.look in ("answer", "warning"))
    people, verdict = cohort.samples["subject"].nunique(), own_verdict(given) or UNTESTED
    return Entry(study.name, study.title, study.question, answers, study.domain, people, verdict)


def index_page(entries: Sequence[Entry]) -> str:
    """The HTML of the index; each study links to ``NAME/index.html`` beside it.

    A small script chooses and sorts the studies; without it the page is the whole list, in the order given.
    """
    found = {name: sorted({getattr(entry, name) for entry in entries}) for name in ("domain", "verdict")}
    chosen = {"entries": entries, "domains": found["domain"], "verdicts": found["verdict"]}
    return environment().get_template("index.html").render(**chosen, scripts=INDEX_SCRIPTS)
