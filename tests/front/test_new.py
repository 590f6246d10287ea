import re
from pathlib import Path

import pytest
import yaml

from biox.cli import DOMAINS, main
from biox.core.find import checked
from biox.core.sections import section
from biox.core.studies import check_study, read_study
from biox.core.study import Study
from biox.front.new import readers, study_text
from biox.front.starts import EXAMPLES, SIMULATED

# A setting that is commented out: "# name: ...", at any depth. Explanations begin in a column far to the right.
OFF = re.compile(r"^( {0,12})# ( {0,12}[\w-]+:(?: .*)?)$")
SOURCES = [(domain, source) for domain in DOMAINS for source in dict.fromkeys([*readers(domain), SIMULATED])]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def with_files_there(domain: str, source: str) -> None:
    """Files where the examples say that one's own lie; only a sheet of slides is looked into by the check."""
    for value in EXAMPLES.get((domain, source), {}).values():
        for path in value.values() if isinstance(value, dict) else [value]:
            if str(path).startswith("data/"):
                Path("data").mkdir(exist_ok=True)
                Path(path).touch() if "." in Path(path).name else Path(path).mkdir()
    if (domain, source) == ("histology", "slides"):
        Path("data/one.svs").touch()
        Path("data/slides.csv").write_text("slide,patient,file\none,first,one.svs\n")


def test_the_domains_offered_are_those_in_the_code():
    import biox.domains

    there = [
        folder.name for folder in Path(biox.domains.__file__).parent.iterdir() if (folder / "validate.py").exists()
    ]
    assert sorted(DOMAINS) == sorted(there)


@pytest.mark.parametrize(("domain", "source"), SOURCES)
def test_a_new_study_passes_the_check_once_the_named_files_are_there(domain, source):
    assert main(["new", "mine", "--domain", domain, "--source", source]) == 0
    with_files_there(domain, source)
    study = read_study(Path("config/mine.yaml"))
    check_study(study)
    assert study.domain == domain
    assert (study.simulate is not None) == (source == SIMULATED and domain != "gait")


@pytest.mark.parametrize(("domain", "source"), SOURCES)
def test_what_is_commented_out_says_the_defaults(domain, source):
    text = study_text("mine", domain, source)
    all_said = "\n".join(OFF.sub(r"\1\2", line) for line in text.splitlines())
    assert all_said.count("\n#") < 5, "hardly anything is left as a comment"
    short, long = (checked(Study, yaml.safe_load(words), "mine") for words in (text, all_said))
    assert short.model_copy(update=same(long)) == long
    for name in ("data", "validate", *(["simulate"] if short.simulate is not None else [])):
        assert section(short, name) == section(long, name), name


def same(study: Study) -> dict:
    """The sections whose settings stand in them as they are, and are compared through the functions that take them."""
    return {"data": study.data, "validate_": study.validate_, "simulate": study.simulate}


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_setting_of_a_study_stands_in_the_file_with_its_meaning(domain):
    text = study_text("mine", domain, None)
    for name, field in Study.model_fields.items():
        if name == "graph" and domain != "proteomics":
            continue
        lines = text.splitlines()
        place = next(i for i, line in enumerate(lines) if re.match(rf"(# )?{field.alias or name}:", line))
        assert re.search(r"\s# \S", lines[place][2:]) or lines[place + 1].lstrip().startswith("# "), name


def test_the_examples_name_readers_that_exist():
    assert {(domain, source) for domain, source in EXAMPLES} <= set(SOURCES)


def test_a_study_that_exists_is_left_as_it_is(capsys):
    assert main(["new", "mine", "--domain", "gait"]) == 0
    Path("config/mine.yaml").write_text("mine")
    assert main(["new", "mine", "--domain", "gait"]) == 2
    assert Path("config/mine.yaml").read_text() == "mine"
    assert "exists already" in capsys.readouterr().err


def test_an_empty_folder_gets_a_list_of_its_one_study_and_a_list_that_is_there_is_left_alone(capsys):
    main(["new", "first", "--domain", "gait"])
    main(["new", "second", "--domain", "gait"])
    settings = yaml.safe_load(Path("config/config.yaml").read_text())
    assert settings["studies"] == ["first"]
    assert settings["resources"]["train"]["mem_mb"] > 0
    assert "add second there" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["Mine", "my study", "../mine", "-x", "mine.yaml"])
def test_a_name_that_no_study_may_have_is_refused_before_anything_is_written(name, capsys):
    assert main(["new", "--domain", "gait", "--", name]) == 2
    assert not Path("config").exists()
    assert "small letters" in capsys.readouterr().err


def test_an_unknown_source_lists_those_there_are(capsys):
    assert main(["new", "mine", "--domain", "gait", "--source", "tabel"]) == 2
    said = capsys.readouterr().err
    assert "'tabel'" in said
    assert "'table'" in said
    assert "'simulate'" in said
