"""Experts' answers read back: whether raters agree with each other, and the model looks where they do."""

import re
from pathlib import Path

import numpy as np
import pandas as pd

from biox.core.errors import InputError, listed
from biox.core.reading import reading, refuse_shifted
from biox.core.types import Evidence, claims_table
from biox.domains.gait.rating_sheets import Question, Sheet, questions
from biox.stats.bootstrap import claim_row
from biox.stats.raters import cohen_kappa, fleiss_kappa, marked_regions

COLUMNS = ("rater", "sheet", "question", "answer")
REGION = re.compile(r"^(.+) (\d+)\s*-\s*(\d+)$")
FEWEST_SHEETS = 5


def read_ratings(folder: Path) -> pd.DataFrame:
    """All answers in the CSV files of a folder: columns rater, sheet, question, answer; rows without an answer are
    dropped.

    An InputError names the file and the row: a missing column, no files, or two answers of one rater to one question.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise InputError(f"{folder} holds no CSV file with ratings; expected those that the rating sheets save.")
    tables = []
    for file in files:
        with reading(file, "a CSV table of ratings, in UTF-8"):
            table = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
            refuse_shifted(table, file)
        missing = [name for name in COLUMNS if name not in table]
        if missing:
            raise InputError(f"{file}: column {listed(missing)} is missing; it has {listed(table.columns)}.")
        table = table.assign(place=[f"{file}, row {row}" for row in range(2, len(table) + 2)])
        tables.append(table[table["answer"].str.strip() != ""])
    ratings = pd.concat(tables, ignore_index=True)
    nameless = ratings[ratings["rater"].str.strip() == ""]
    if len(nameless):
        raise InputError(f"{nameless['place'].iloc[0]}: the rater is missing; write a name or code in each row.")
    once = ratings[ratings["question"] != "region"]
    twice = once[once.duplicated(["rater", "sheet", "question"])]
    if len(twice):
        row = twice.iloc[0]
        raise InputError(f"{row['place']}: {row['rater']!r} answered {row['question']!r} of {row['sheet']} twice.")
    return ratings


def rated(ratings: pd.DataFrame, sheets: list[Sheet], channels: tuple[str, ...], classes: tuple[str, ...]) -> Evidence:
    """Kappa between raters for each form and question, and AUROC of relevance for the places that they marked.

    Marks on plain sheets owe nothing to the model; those on coloured sheets may follow the colours, so the two are told
    apart. An answer that does not fit is an InputError with its file and row.
    """
    asked, known = questions(classes), {s.code: s for s in sheets}
    for row in ratings.itertuples():
        _check(row, known, asked, channels)
    claims = []
    for form in dict.fromkeys(s.form for s in sheets):
        own = [s for s in sheets if s.form == form]
        part = ratings[ratings["sheet"].isin([s.code for s in own])]
        claims += [c for q in asked for c in _kappa(part[part["question"] == q.name], q, form)]
        claims += _regions(part[part["question"] == "region"], own, channels, form)
    table = ratings[list(COLUMNS)].assign(form=[known[code].form for code in ratings["sheet"]])
    return Evidence(claims_table(claims), {"ratings": table})


def _check(row, known: dict[str, Sheet], asked: tuple[Question, ...], channels: tuple[str, ...]) -> None:
    if row.sheet not in known:
        raise InputError(
            f"{row.place}: there is no sheet {row.sheet!r} in this study; the sheets belong to another one, or its "
            "`validate.seed` or people have changed since."
        )
    if row.question == "region":
        region(row.answer, channels, row.place)
        return
    question = next((q for q in asked if q.name == row.question), None)
    if question is None:
        raise InputError(f"{row.place}: unknown question {row.question!r}; known are {listed(q.name for q in asked)}.")
    if row.answer not in question.answers:
        raise InputError(f"{row.place}: the answer {row.answer!r} is none of {listed(question.answers)}.")


def region(answer: str, channels: tuple[str, ...], where: str) -> tuple[int, slice]:
    """A marked place such as ``affected V 12-31`` as the channel's place and the points of the stance phase."""
    match = REGION.match(answer.strip())
    if match is None or match[1] not in channels or not int(match[2]) <= int(match[3]) <= 100:
        raise InputError(
            f"{where}: {answer!r} is no region; expected a channel and percents of stance, such as "
            f"'{channels[-1]} 12-31', with a channel among {listed(channels)}."
        )
    return channels.index(match[1]), slice(int(match[2]), int(match[3]) + 1)


def _kappa(part: pd.DataFrame, question: Question, form: str) -> list[dict]:
    """Agreement of all raters on the sheets that all of them answered."""
    table = part.pivot(index="sheet", columns="rater", values="answer").dropna() if len(part) else pd.DataFrame()
    if table.shape[1] < 2 or len(table) < FEWEST_SHEETS:
        return []
    values = table.to_numpy()
    if values.shape[1] == 2:
        found = cohen_kappa(values, question.answers, ordered=question.ordered, seed=0)
        how = "Cohen's kappa, linear weights" if question.ordered else "Cohen's kappa"
    else:
        found, how = fleiss_kappa(values, question.answers, seed=0), "Fleiss' kappa"
    method = f"{how}, {values.shape[1]} raters; bootstrap over sheets; 1 is perfect, 0 is chance"
    return [claim_row(found, "rater agreement", f"{form} | {question.name}", method)]


def _regions(part: pd.DataFrame, sheets: list[Sheet], channels: tuple[str, ...], form: str) -> list[dict]:
    """AUROC of |R| for the marked points: of each rater, and of all."""
    raters = sorted(part["rater"].unique())
    if not raters:
        return []
    place = {s.code: i for i, s in enumerate(sheets)}
    relevance = np.stack([s.relevance for s in sheets])
    marks = np.zeros((len(raters), *relevance.shape), bool)
    for row in part.itertuples():
        channel, points = region(str(row.answer), channels, str(row.place))
        marks[raters.index(row.rater), place[str(row.sheet)], channel, points] = True
    groups = {"all": marks, **{name: marks[[i]] for i, name in enumerate(raters)}}
    method = "AUROC of |R| for the marked points, mean over sheets; chance 0.5; bootstrap over sheets"
    found = {name: marked_regions(several, relevance, seed=0) for name, several in groups.items()}
    return [claim_row(one, "marked regions and relevance", f"{form} | {name}", method) for name, one in found.items()]
