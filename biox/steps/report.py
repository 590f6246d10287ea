"""Report: a study's evidence becomes a page that a clinician can read and anyone can keep."""

from biox.report import Page, study_page
from biox.report.given import Given


def report(given: Given) -> Page:
    """The page of one study (``html``) and its figures as SVG files by name (``figures``).

    Its relevances are by method, fold and variant; the curves of single people are taken from the variant ``main``. Its
    provenance is the saved record of each step by the step's name, in the order of the steps.
    """
    return study_page(given)
