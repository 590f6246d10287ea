"""What to say to words that are no command of biox."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from biox.core.errors import listed
from biox.core.spelling import hint
from biox.core.study_files import studies_in

START = """biox trains models of biomedical data, explains them and tests the explanations.

  biox new my_study --domain gait     begin a study: a settings file in which everything is explained
  biox run my_study                   run it: all steps, then the report
  biox doctor                         see whether all that biox needs is here

biox --help lists all commands; biox COMMAND --help explains one."""
# Options after which biox itself says something.
SPEAKING = ("-h", "--help", "--version")


def misunderstood(words: Sequence[str], verbs: Iterable[str]) -> str | None:
    """A sentence for words that begin with no command; None where the first word is one."""
    verbs = list(verbs)
    if not words:
        return START
    first = words[0]
    if first in verbs or first in SPEAKING:
        return None
    if first.startswith("-"):
        return f"biox: the command comes first, then its options ({first}). Commands: {listed(verbs)}."
    if Path(first).stem in studies_in(Path("config")):
        study = Path(first).stem
        return f"biox: {study!r} is a study. biox run {study} runs it, biox check {study} checks its settings."
    meant = hint(first, verbs)
    return f"biox: there is no command {first!r}.{meant} Commands: {listed(verbs)}; biox --help explains them."
