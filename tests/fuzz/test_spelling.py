"""A slip in a study file is answered with the key or name that was meant, and the line; a wrong type with the field."""

import string
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from biox.core.errors import InputError
from biox.core.find import checked, find
from biox.core.spelling import hint
from biox.core.studies import check_study, read_study
from biox.core.study import Study
from biox.core.yaml_files import line_of

CONFIG = Path(__file__).parents[2] / "config"
STUDIES = sorted(file for file in CONFIG.glob("*.yaml") if file.name != "config.yaml")
MINIMAL = {"name": "tiny", "title": "t", "question": "q", "domain": "gait", "data": {"source": "simulate"}}


def said(given: dict[str, Any]) -> str:
    with pytest.raises(InputError) as error:
        check_study(checked(Study, {**MINIMAL, **given}, "tiny.yaml"))
    return str(error.value)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"trainin": {}}, "training"),
        ({"training": {"epocs": 3}}, "epochs"),
        ({"methods": {"lrp": {"composit": "epsilon"}}}, "composite"),
        ({"methods": {"lrp": {"composite": "epsilon-plus-flatt"}}}, "epsilon-plus-flat"),
        ({"methods": {"lrp": {"composite": {"name": "gamma", "gama": 0.1}}}}, "gamma"),
        ({"methods": {"ig": {"method": "integrated-gradient"}}}, "integrated_gradients"),
        ({"methods": {"ig": {"method": {"name": "smoothgrad", "drows": 3}}}}, "draws"),
        ({"model": "cnn1"}, "cnn1d"),
        ({"model": {"name": "mlp", "hiden": [3]}}, "hidden"),
        ({"data": {"source": "gaitrek", "folder": "x"}}, "gaitrec"),
        ({"data": {"source": "simulate", "subject": 3}}, "subjects"),
        ({"domain": "histologie"}, "histology"),
        ({"normalise": "Zscore"}, "zscore"),
        ({"normalise": "min_max"}, "minmax"),
        ({"trust": {"rules": {"faithfull": 0.1}}}, "faithful"),
        ({"trust": {"methods": {"a": "oclusion"}}}, "occlusion"),
        ({"variants": {"b": {"normalise": "minmaxall"}}}, "minmax-all"),
        ({"variants": {"b": {"model": "logistics"}}}, "logistic"),
        ({"validate": {"permutation": 3}}, "permutations"),
        ({"compute": {"device": "cudo"}}, "cuda"),
    ],
)
def test_what_was_meant_is_offered(given, meant):
    assert f"Did you mean {meant!r}?" in said(given)


def test_nothing_is_offered_for_a_word_that_is_like_no_other():
    assert hint("xyzzy", ["training", "methods"]) == ""
    assert hint("x" * 10**6, ["training"]) == ""


def test_two_names_that_are_one_slip_away_are_both_offered():
    assert hint("side_mx", ["side_px", "side_um", "side_mm"]) == " Did you mean 'side_px' or 'side_mm'?"


def test_the_line_of_the_study_file_is_named(tmp_path):
    file = tmp_path / "tiny.yaml"
    file.write_text(yaml.safe_dump(MINIMAL) + "# a comment\ntraining:\n  epochs: 3\n  bacth: 2\n")
    with pytest.raises(InputError, match=r"tiny\.yaml, line 10: unknown key 'training\.bacth'.*Did you mean 'batch'\?"):
        read_study(file)


def test_the_line_of_a_missing_key_is_that_of_its_section():
    text = "a:\n  b:\n  - c: 1\n"
    assert line_of(text, ("a", "b", 0, "c")) == 3
    assert line_of(text, ("a", "x")) == 1
    assert line_of(text, ("z",)) is None


def _keys(tree: Any, path: tuple = ()) -> list[tuple]:
    if isinstance(tree, dict):
        return [one for key, value in tree.items() for one in ((*path, key), *_keys(value, (*path, key)))]
    return [one for n, value in enumerate(tree) for one in _keys(value, (*path, n))] if isinstance(tree, list) else []


def _at(tree: Any, path: tuple) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _slipped(key: str, random: Random) -> str:
    at, letter = random.randrange(len(key)), random.choice(string.ascii_lowercase)
    ways = (key[:at] + key[at + 1 :], key[:at] + letter + key[at:], key[:at] + letter + key[at + 1 :])
    swapped = key[:at] + key[at : at + 2][::-1] + key[at + 2 :]
    return random.choice((*ways, swapped))


@pytest.mark.parametrize("study", STUDIES, ids=lambda file: file.stem)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False))
def test_a_slip_in_any_key_of_a_shipped_study_names_the_right_key(study, random):
    tree = yaml.safe_load(study.read_text(encoding="utf-8"))
    path = random.choice([path for path in _keys(tree) if isinstance(path[-1], str) and len(path[-1]) > 2])
    key, section = path[-1], _at(tree, path[:-1])
    slip = _slipped(key, random)
    if slip in section or slip == key:
        return
    section[slip] = section.pop(key)
    # A name that is free (of a class, variant or method) is no slip; where a key is unknown, the right one is said.
    message = _message(tree)
    assert "unknown key" not in message or repr(key) in message.partition("Did you mean")[2], message


def _message(tree: dict[str, Any]) -> str:
    """What is said of a study; "" where nothing is wrong. Anything but an InputError fails the test."""
    try:
        _without_files(checked(Study, tree, "study.yaml"))
    except InputError as error:
        return str(error)
    return ""


def _without_files(study: Study) -> None:
    """What ``check_study`` checks but for the files, which need not be there."""
    from biox.core.sections import bound_case, bound_variant, section

    for name in study.all_variants():
        bound_variant(study, name)
    for name in (
        "data",
        *(("external",) if study.external else ()),
        "validate",
        *(("simulate",) if study.simulate else ()),
    ):
        section(study, name)
    for name in study.predict:
        bound_case(study, name)


WRONG = (None, True, -1, 3.7, "word", [], [1], ["a"], {}, {"a": 1}, [[1]], {"name": 3}, "1e999", float("nan"), 10**30)


@pytest.mark.parametrize("study", STUDIES, ids=lambda file: file.stem)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), wrong=st.sampled_from(WRONG))
def test_a_wrong_type_anywhere_is_refused_by_name_or_fits(study, random, wrong):
    tree = yaml.safe_load(study.read_text(encoding="utf-8"))
    path = random.choice(_keys(tree))
    _at(tree, path[:-1])[path[-1]] = wrong
    message = _message(tree)
    assert not message or any(str(part) in message for part in path), message


def test_every_field_of_the_settings_refuses_a_wrong_type_by_its_name():
    for name, field in Study.model_fields.items():
        key = field.alias or name
        with pytest.raises(InputError, match=key):
            checked(Study, {**MINIMAL, key: object()}, "tiny.yaml")


def test_a_model_that_takes_no_such_name_is_said_once():
    with pytest.raises(InputError) as error:
        find("biox.models", "resnet_18")
    assert str(error.value).count("resnet18") == 2
