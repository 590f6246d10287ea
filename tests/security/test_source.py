"""What the code must never do with other people's files, read from the code itself."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = sorted(file for folder in ("biox", "bench", "workflow") for file in (ROOT / folder).rglob("*.py"))
# Modules whose whole purpose is to run what a file holds, or to reach for a network.
MODULES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "imp", "code"}
NETWORK = {"requests", "urllib3", "httpx", "aiohttp", "ftplib", "smtplib", "telnetlib", "huggingface_hub"}
CALLS = {"eval", "exec", "compile", "__import__"}
UNSAFE = {
    "tempfile.mktemp",
    "os.system",
    "os.popen",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "torch.hub.load",
}
PICKLING = {"pd.read_pickle", "pandas.read_pickle", "joblib.load", "torch.save", "np.fromfile", "pd.read_hdf"}
EXTRACTING = {"extractall", "unpack_archive"}


def dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def keyword(call: ast.Call, name: str) -> object:
    found = [one.value for one in call.keywords if one.arg == name]
    return found[0].value if found and isinstance(found[0], ast.Constant) else None


def fault(node: ast.AST) -> str | None:
    """Why a piece of code is not allowed; None where it is."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        found = [name for name in names if name.split(".")[0] in MODULES | NETWORK or name == "urllib.request"]
        return f"imports {found[0]}" if found else None
    if not isinstance(node, ast.Call):
        return None
    name = dotted(node.func)
    if name in CALLS | UNSAFE | PICKLING or name.split(".")[-1] in EXTRACTING:
        return f"calls {name}"
    if keyword(node, "shell") is True:
        return f"{name} goes through a shell"
    if name in ("np.load", "numpy.load") and keyword(node, "allow_pickle") is not False:
        return "np.load without allow_pickle=False"
    if name == "torch.load" and keyword(node, "weights_only") is not True:
        return "torch.load without weights_only=True"
    return None


def faults(source: str) -> list[str]:
    return [f"line {node.lineno}: {why}" for node in ast.walk(ast.parse(source)) if (why := fault(node)) is not None]


def test_no_code_of_ours_runs_what_a_file_holds():
    assert len(FILES) > 300
    found = {str(file.relative_to(ROOT)): faults(file.read_text(encoding="utf-8")) for file in FILES}
    assert {file: why for file, why in found.items() if why} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from urllib.request import urlopen",
        "np.load('a.npz')",
        "np.load('a.npz', allow_pickle=True)",
        "torch.load('a.pt')",
        "torch.load('a.pt', weights_only=False)",
        "torch.save(state, 'a.pt')",
        "yaml.load(text, Loader=yaml.SafeLoader)",
        "eval('1')",
        "exec(text)",
        "subprocess.run('ls', shell=True)",
        "tempfile.mktemp()",
        "archive.extractall(folder)",
    ],
)
def test_the_scan_finds_what_it_looks_for(source):
    assert len(faults(source)) == 1


def test_yaml_is_read_at_one_place_by_the_safe_loader():
    where = [file for file in FILES if "import yaml" in file.read_text(encoding="utf-8") and "biox" in file.parts]
    loaders = [file.name for file in where if "Loader" in file.read_text(encoding="utf-8")]
    assert loaders == ["yaml_files.py"]
    assert "(yaml.SafeLoader)" in (ROOT / "biox/core/yaml_files.py").read_text(encoding="utf-8")


def test_only_pages_of_ours_are_taken_for_markup():
    """Markup says "this is HTML": nothing but our own drawings, scripts and escaped JSON may be called so."""
    users = sorted(file.name for file in FILES if "import Markup" in file.read_text(encoding="utf-8"))
    assert users == ["graph_view.py", "page.py", "scripts.py", "viewer.py"]
    templates = [f for f in (ROOT / "biox/report/templates").rglob("*.html") if "|safe" in f.read_text("utf-8")]
    assert templates == []


def test_no_script_of_ours_writes_markup():
    own = list((ROOT / "biox/report/templates").glob("*.js"))
    words = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", 'setTimeout("')
    found = [(file.name, word) for file in own for word in words if word in file.read_text(encoding="utf-8")]
    assert (found, len(own) >= 7) == ([], True)
