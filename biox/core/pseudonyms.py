"""Pseudonyms: names that stand for people, samples and slides where a report may be read by others.

The results of a study keep the names that the laboratory knows; a report shows ``ID-017`` in their place, unless the
study says ``report: {identities: as given}``. The numbers follow no order of the names: people are sorted by

    SHA-256(salt, subject),    salt = SHA-256(sample table),

so that equal cohorts have equal pseudonyms, and nobody finds the names again who does not have the whole sample table.
That hides names; it does not make measurements anonymous.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

PREFIXES = ("ID", "PS", "QX", "ZY")
PARTED = ("exemplars",)
"""Columns of which a value is several samples, parted by semicolons."""


@dataclass(frozen=True)
class Pseudonyms:
    """What stands for every name of a cohort, by the column it stands in: ``subject``, ``sample``, ``slide``.

    A name that the cohort does not know (of an external cohort, say) gets a pseudonym of its own, made from the salt.
    numbers: the columns in which the cohort's own names are numbers; elsewhere a number is no name.
    """

    names: Mapping[str, Mapping[str, str]]
    prefix: str
    salt: str
    numbers: frozenset[str] = frozenset()

    def of(self, column: str, name: str) -> str:
        """The pseudonym of one name; "" stays as it is, and so does everything where names are shown as given."""
        if not name or not self.prefix:
            return name
        return self.names.get(column, {}).get(name) or f"{self.prefix}-x{_digest(self.salt, name)[:8]}"

    def table(self, frame: pd.DataFrame) -> pd.DataFrame:
        """A copy of a table in which the columns of names hold pseudonyms; other columns are left alone."""
        there = [name for name in (*self.names, *PARTED) if name in frame]
        return frame.assign(**{name: self._column(frame[name], name) for name in there})

    def text(self, words: str) -> str:
        """Words, or a path, in which whole names that stand between spaces, hyphens and the like are replaced."""
        everyone = {_bare(name): stands for column in self.names.values() for name, stands in column.items()}
        tokens = [(found.start(), found.end()) for found in re.finditer(r"[^\W_]+", words)]
        made, done, k = "", 0, 0
        while k < len(tokens):
            start = tokens[k][0]
            ends = (j for j in range(len(tokens) - 1, k - 1, -1) if words[start : tokens[j][1]] in everyone)
            last = next(ends, None)
            if last is not None:
                made += words[done:start] + everyone[words[start : tokens[last][1]]]
                done, k = tokens[last][1], last
            k += 1
        return made + words[done:]

    def _column(self, values: pd.Series, column: str) -> pd.Series:
        if pd.api.types.is_numeric_dtype(values) and column not in self.numbers:
            return values
        if column in PARTED:
            return values.map(
                lambda v: ";".join(self.of("sample", one) for one in str(v).split(";")), na_action="ignore"
            )
        return values.map(lambda v: self.of(column, str(v)), na_action="ignore")


AS_GIVEN = Pseudonyms({}, "", "")
"""Every name stands for itself."""


def pseudonyms(samples: pd.DataFrame, prefixes: tuple[str, ...] = PREFIXES) -> Pseudonyms:
    """The pseudonyms of a cohort, from its sample table; a sample is called after its subject, with a number.

    prefixes: the first of them is taken with which no name begins already, so that no pseudonym is mistaken for a name.
    """
    salt = hashlib.sha256(samples.to_csv(index=False).encode()).hexdigest()
    there = [column for column in ("subject", "sample", "slide") if column in samples]
    known = {column: list(dict.fromkeys(samples[column].astype(str))) for column in there}
    prefix = next((p for p in prefixes if not any(n.startswith(f"{p}-") for c in known.values() for n in c)), "BX")
    people = sorted(known["subject"], key=lambda name: _digest(salt, name))
    width = max(3, len(str(len(people))))
    names = {"subject": {name: f"{prefix}-{number + 1:0{width}}" for number, name in enumerate(people)}}
    for column, mark in (("sample", ""), ("slide", "s")):
        if column in there:
            names[column] = _within(samples, column, mark, names["subject"])
    numbers = frozenset(column for column in there if pd.api.types.is_numeric_dtype(samples[column]))
    return Pseudonyms(names, prefix, salt, numbers)


def key_table(known: Pseudonyms) -> pd.DataFrame:
    """Which name each pseudonym stands for: the key, which stays with the results and is not part of a report."""
    rows = [(column, name, stands) for column, of in known.names.items() for name, stands in of.items()]
    return pd.DataFrame(sorted(rows), columns=["kind", "name", "pseudonym"])


def _within(samples: pd.DataFrame, column: str, mark: str, subjects: Mapping[str, str]) -> dict[str, str]:
    """Pseudonyms of samples or slides: the subject's own where the name is the same, else with a running number."""
    pairs = samples[["subject", column]].astype(str).drop_duplicates(column)
    number = pairs.groupby("subject", sort=False).cumcount() + 1
    rows = zip(pairs["subject"], pairs[column], number, strict=True)
    return {name: subjects[who] if name == who else f"{subjects[who]}-{mark}{k}" for who, name, k in rows}


def _bare(name: str) -> str:
    """A name without what stands before its first and after its last letter or digit."""
    return re.sub(r"^[\W_]+|[\W_]+$", "", name)


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
