from pathlib import Path

import pytest

from biox.core.errors import InputError
from biox.core.find import bind, find, known
from biox.core.raw_files import paths_in
from biox.core.study import Strict


def example(shape, *, width: int = 3, name: str = "a"):
    return shape, width, name


class Inner(Strict):
    file: Path


class Settings(Strict):
    rate_hz: float
    parts: tuple[Inner, ...] = ()


def reader(settings: Settings):
    return settings


def test_a_name_means_the_function_in_the_file_of_that_name():
    assert find("biox.models", "mlp").__module__ == "biox.models.mlp"


def test_a_misspelt_name_is_refused_with_the_known_ones_listed():
    with pytest.raises(InputError, match=r"no 'mpl' in biox.models; it has .*'mlp'"):
        find("biox.models", "mpl")


def test_code_outside_the_package_is_found_by_module_and_function():
    assert find("biox.models", "os.path:join")("a", "b") == str(Path("a") / "b")


@pytest.mark.parametrize("name", ["no_such_module:f", "os.no_such:f", "os.path:no_such"])
def test_a_missing_module_or_function_is_an_input_error(name):
    with pytest.raises(InputError):
        find("biox.models", name)


def test_only_files_with_a_function_of_their_name_are_offered():
    names = known("biox.domains.gait")
    assert {"table", "simulate"} <= set(names)
    assert not {"curves", "validate", "variants"} & set(names)
    assert not [name for name in names if name.startswith("_")]


def test_options_become_checked_keyword_arguments():
    assert bind(example, {"width": "7"}, "here") == {"width": 7}


def test_an_unknown_option_is_refused_with_the_known_ones_listed():
    with pytest.raises(InputError, match=r"^here: unknown key 'widht'; known here are 'name', 'width'"):
        bind(example, {"widht": 7}, "here")


def test_a_wrong_type_names_the_value():
    with pytest.raises(InputError, match="'width' is 'many'"):
        bind(example, {"width": "many"}, "here")


def test_a_missing_setting_is_named():
    with pytest.raises(InputError, match="'rate_hz' is missing"):
        bind(reader, {}, "here")


def test_every_file_in_nested_settings_is_found():
    bound = bind(reader, {"rate_hz": 1, "parts": [{"file": "a.csv"}, {"file": "b.csv"}]}, "here")
    assert paths_in(bound["settings"]) == [Path("a.csv"), Path("b.csv")]
