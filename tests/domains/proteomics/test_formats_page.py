import re
import textwrap
from pathlib import Path

import yaml

from biox.core.find import bind, find, known

PAGE = Path(__file__).parents[3] / "docs" / "data-formats.md"


def test_every_example_of_the_page_on_formats_fits_its_reader_and_every_reader_has_one():
    page = PAGE.read_text(encoding="utf-8").split("# Proteomics")[1]
    blocks = re.findall(r"^    data:\n(?:      .*\n)+", page, flags=re.MULTILINE)
    shown = [yaml.safe_load(textwrap.dedent(block))["data"] for block in blocks]
    names = [one.pop("source") for one in shown]
    assert set(names) == set(known("biox.domains.proteomics"))
    for name, options in zip(names, shown, strict=True):
        bind(find("biox.domains.proteomics", name), options, "docs")
