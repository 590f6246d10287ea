"""The class whose evidence is sought."""

from biox.core.errors import InputError, listed


def positive_class(classes: tuple[str, ...], wanted: str | None) -> int:
    """The number of the class that a study calls positive (``validate.positive``); the last one where it names none.

    A class that the cohort lacks is an InputError.
    """
    name = wanted or classes[-1]
    if name not in classes:
        raise InputError(f"validate.positive: there is no class {name!r}; the classes are {listed(classes)}.")
    return classes.index(name)
