"""The sections of a study file that name a function, checked against the options of that function."""

from collections.abc import Callable
from typing import Any

from biox.core.errors import InputError
from biox.core.find import bind, find
from biox.core.study import Study


def section(study: Study, name: str) -> dict[str, Any]:
    """The checked keyword arguments of what a section is given to.

    name: ``data`` or ``external`` (read by a reader), ``validate`` or ``simulate`` (functions of the domain).
    """
    domain = f"biox.domains.{study.domain}"
    called = {
        "data": (study.data.name, study.data.options),
        "validate": ("validate", study.validate_),
        "simulate": (f"{domain}.simulate:write", study.simulate or {}),
    }
    if study.external is not None:
        called["external"] = (study.external.name, study.external.options)
    function, options = called[name]
    return bind(_found(domain, function, f"{study.name}, {name}"), options, f"{study.name}, {name}")


def bound_case(study: Study, name: str) -> dict[str, Any]:
    """The checked keyword arguments of the reader of one new case."""
    case = study.predict[name]
    where = f"{study.name}, predict {name!r}"
    return bind(_found(f"biox.domains.{study.domain}", case.name, where), case.options, where)


def bound_variant(study: Study, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The checked keyword arguments of a variant's model, and of the function that prepares its values."""
    variant = study.variant(name)
    assert variant.model is not None
    assert variant.prepare is not None
    model, prepare = (f"{study.name}, {what} of variant {name!r}" for what in ("model", "prepare"))
    made = bind(_found("biox.models", variant.model.name, model), variant.model.options, model)
    if variant.prepare.name == "none":
        return made, {}
    function = _found(f"biox.domains.{study.domain}", variant.prepare.name, prepare)
    return made, bind(function, variant.prepare.options, prepare)


def _found(package: str, name: str, where: str) -> Callable[..., Any]:
    try:
        return find(package, name)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
