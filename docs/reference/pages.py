"""The reference pages of the site, made from the code when the site is built: nothing in them is written twice.

``on_files`` is called by the site's builder (mkdocs.yml names this file); it adds one page for the commands, one for
the settings of a study file and one for each public package.
"""

import importlib
import sys
from pathlib import Path
from types import FunctionType

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

import commands_page
import settings_page

from biox.core.find import known

MODELS = "biox.models"
METHODS = "biox.explain.methods"


def on_files(files, config):
    """Adds the generated pages to those that lie in docs/."""
    for name, text in pages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=text))
    return files


def pages() -> dict[str, str]:
    """Every generated page by its name."""
    return {
        "commands": commands_page.text(),
        "settings": settings_page.text(),
        "lrp": of_names("biox.lrp"),
        "explain": of_names("biox.explain"),
        "methods": of_modules(METHODS, known(METHODS)),
        "models": of_modules(MODELS, known(MODELS)),
        "quality": of_modules("biox.quality", files_of("biox.quality")),
        "stats": of_modules("biox.stats", files_of("biox.stats")),
    }


def of_names(package: str) -> str:
    """A page of what a package names for outsiders."""
    module = importlib.import_module(package)
    return "\n\n".join(
        [opening(package), *(f"::: {place(getattr(module, name), package, name)}" for name in module.__all__)]
    )


def place(thing: object, package: str, name: str) -> str:
    """Where a thing is defined: a function may be called like its file, and the file is not meant."""
    home = getattr(thing, "__module__", None)
    return f"{home}.{name}" if isinstance(thing, type | FunctionType) else f"{package}.{name}"


def of_modules(package: str, modules: list[str]) -> str:
    """A page of the public functions of some files of a package."""
    return "\n\n".join([opening(package), *(f"::: {package}.{name}" for name in modules)])


def files_of(package: str) -> list[str]:
    """The files of a package that others may import."""
    folder = Path(importlib.import_module(package).__path__[0])
    return sorted(file.stem for file in folder.glob("[!_]*.py"))


def opening(package: str) -> str:
    """The title of a package's page, and what the package says of itself."""
    first, _, rest = (importlib.import_module(package).__doc__ or "").partition("\n")
    return f"# `{package}`\n\n*For those who write Python.* {first}\n\n{laid_out(rest)}"


def laid_out(text: str) -> str:
    """Columns that a docstring lays out by spaces, kept as they stand."""
    return f"```text\n{text.strip()}\n```" if "  " in text.strip() else text
