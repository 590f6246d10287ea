"""Damage to trees: JSON, YAML and XML, of which keys and branches are dropped, doubled, renamed and replaced."""

import copy
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import yaml

from bench.fuzz.damage_text import CELLS

VALUES = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        2**31,
        2**63,
        10**400,
        0.5,
        -0.0,
        1e308,
        float("nan"),
        float("inf"),
        "",
        "a",
        [],
        {},
    ),
    *([None], [[]], [[[]]], {"a": 1}, {"": ""}, [1, 2], [[1, 2]], [1e308, -1e308], ["a", "b"], "x" * 3000, *CELLS),
)


def damage_json(file: Path, random: Random) -> None:
    """One to four changes of a JSON file."""
    tree = changed(json.loads(file.read_text(encoding="utf-8")), random)
    try:
        text = json.dumps(tree, ensure_ascii=random.random() < 0.5)
    except ValueError:  # an integer of more digits than Python writes
        text = "[" * 100_000
    file.write_text(_deep(text, random), encoding="utf-8", errors="replace")


def damage_yaml(file: Path, random: Random) -> None:
    """One to four changes of a YAML file."""
    if random.random() < 0.3:
        text = file.read_text(encoding="utf-8")
        at = random.randrange(len(text))
        nasty = random.choice(
            (*CELLS, "&a ", "*a", "!!python/object:os.system", "!!binary x", "? ", "<<: ", "%", "---\n", "- ")
        )
        file.write_text(text[:at] + str(nasty) + text[at:], encoding="utf-8", errors="replace")
        return
    tree = changed(yaml.safe_load(file.read_text(encoding="utf-8")), random)
    try:
        text = yaml.safe_dump(tree)
    except ValueError:
        text = "a: " + "[" * 5_000
    file.write_text(_deep(text, random), encoding="utf-8", errors="replace")


def damage_xml(file: Path, random: Random) -> None:
    """One to four changes of an XML file."""
    root = ElementTree.parse(file).getroot()
    for _ in range(random.randint(1, 4)):
        nodes = list(root.iter())
        node, other = random.choice(nodes), random.choice(nodes)
        name = random.choice([*node.attrib, "Name", "X"])
        ways: tuple[Callable[[], object], ...] = (
            lambda node=node, name=name: node.set(name, str(random.choice(CELLS))),
            lambda node=node, name=name: node.attrib.pop(name, None),
            lambda node=node, other=other: node.append(copy.deepcopy(other)),
            lambda node=node: [node.remove(child) for child in list(node)[:1]],
            lambda node=node: setattr(node, "tag", random.choice(("a", "Annotation", "Coordinate", "Coordinates"))),
            lambda node=node: setattr(node, "text", random.choice(CELLS)),
        )
        random.choice(ways)()
        if sum(1 for _ in root.iter()) > 5000:
            break
    file.write_bytes(ElementTree.tostring(root, encoding=random.choice(("utf-8", "utf-16", "us-ascii"))))


def _deep(text: str, random: Random) -> str:
    """Now and then nested beyond all reason, which parsers meet by recursion."""
    return "[" * 5000 + text + "]" * 5000 if random.random() < 0.01 else text


def changed(tree: Any, random: Random) -> Any:
    """A tree with one to four changes."""
    tree = {"tree": copy.deepcopy(tree)}
    for _ in range(random.randint(1, 4)):
        places = list(_places(tree))
        parent, key = random.choice(places)
        ways = (_replace, _replace, _drop, _double, _rename, _swap)
        random.choice(ways)(parent, key, places, random)
    return tree.get("tree")


def _places(tree: Any) -> list[tuple[Any, Any]]:
    found, waiting = [], [tree]
    while waiting and len(found) < 3000:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else list(range(len(one)))
        found += [(one, key) for key in keys]
        waiting += [one[key] for key in keys if isinstance(one[key], dict | list)]
    return found


def _replace(parent: Any, key: Any, places: list, random: Random) -> None:
    parent[key] = copy.deepcopy(random.choice(VALUES))


def _drop(parent: Any, key: Any, places: list, random: Random) -> None:
    if key != "tree" and len(places) > 1:
        del parent[key]


def _double(parent: Any, key: Any, places: list, random: Random) -> None:
    if isinstance(parent, list):
        parent.insert(key, copy.deepcopy(parent[key]))


def _rename(parent: Any, key: Any, places: list, random: Random) -> None:
    if isinstance(parent, dict) and key != "tree":
        name = str(key)
        at = random.randrange(len(name) + 1)
        parent[name[:at] + random.choice("abxyz_. ") + name[at + 1 :]] = parent.pop(key)


def _swap(parent: Any, key: Any, places: list, random: Random) -> None:
    other, place = random.choice(places)
    if place in other if isinstance(other, dict) else place < len(other):
        parent[key] = copy.deepcopy(other[place])
