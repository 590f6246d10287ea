"""Which slides a study has: those of a sheet, or every slide in a folder; and what is known of each."""

from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd

from biox.core.errors import InputError, listed
from biox.domains.histology.annotations import SUFFIXES
from biox.domains.histology.sheets import as_numbers, numbers, read_sheet
from biox.domains.histology.tile_cohort import UNKNOWN

# What OpenSlide reads, to tell slides from what else lies in a folder. A DICOM slide is a folder of files: name one of
# them in the column "file" of a sheet.
SLIDE_SUFFIXES = (
    ".svs .tif .tiff .ndpi .mrxs .scn .bif .vms .vmu .svslide .czi".split()  # noqa: SIM905 (as one would write them)
)
TEXT = ("subject", "label", "site", "scanner", "stain")  # identities stay text, even if they look like numbers
OURS = ("slide", "file", "annotations", "mpp")


def listed_slides(folder: Path | None, sheet: Path | None, annotations: Path | None) -> pd.DataFrame:
    """One row a slide: ``slide``, ``file``, ``annotations`` (path or None), ``mpp`` (NaN if not said), ``subject``,
    ``site``, ``label`` if the sheet has it, and its further columns.

    Without a sheet every slide of the folder is a patient of its own. Raises InputError where a slide has no file.
    """
    if sheet is None:
        if folder is None:
            raise InputError("Name a folder of slides (`folder`), or a table of them (`sheet`).")
        table = _in_folder(folder)
    else:
        table = _in_sheet(sheet, folder or sheet.parent)
    if annotations is not None and not annotations.is_dir():
        raise InputError(f"There is no folder {annotations}; expected annotations, one file a slide.")
    drawn = [_drawn(row, annotations, sheet) for row in table.to_dict("records")]
    table = table.assign(annotations=pd.Series(drawn, dtype=object))
    return table if "site" in table else table.assign(site=UNKNOWN)


def parts_of(file: Path) -> list[Path]:
    """A slide's file, and what lies beside it where the format spreads a slide over several files."""
    suffix, beside = file.suffix.lower(), file.with_suffix("")
    if suffix == ".mrxs" and beside.is_dir():
        return [file, beside]
    if suffix == ".dcm":
        return sorted(file.parent.glob(f"*{file.suffix}"))
    if suffix in (".vms", ".vmu"):
        return [file, *sorted(one for one in file.parent.iterdir() if one != file and one.stem.startswith(file.stem))]
    return [file]


def covariates(table: pd.DataFrame) -> list[str]:
    """The columns that describe slides to the reader of a report, not to this program."""
    return [str(name) for name in table if name not in OURS]


def _in_folder(folder: Path) -> pd.DataFrame:
    if not folder.exists():
        raise InputError(f"There is no folder {folder}; expected slides ({', '.join(SLIDE_SUFFIXES)}).")
    files = [folder]
    if folder.is_dir():
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SLIDE_SUFFIXES)
    if not files:
        raise InputError(f"{folder} holds no slide; looked for files that end in {', '.join(SLIDE_SUFFIXES)}.")
    names = [file.stem for file in files]
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise InputError(f"{folder}: {listed(twice)} is the name of several slides; tell them apart in a sheet.")
    return pd.DataFrame({"slide": names, "file": files, "subject": names, "mpp": float("nan")})


def _in_sheet(sheet: Path, folder: Path) -> pd.DataFrame:
    table = read_sheet(sheet, ("slide", "patient"), unique="slide")
    table = table.rename(columns={"patient": "subject"})
    if "label" in table and (table["label"].str.strip() == "").any():
        row = table.index[table["label"].str.strip() == ""][0]
        raise InputError(f"{sheet}, row {row + 2}: the label is empty; fill it, or leave the column out.")
    rows = table.to_dict("records")
    # Listed once for all slides: archives hold thousands.
    there = _by_name(folder) if not all(row.get("file") for row in rows) else {}
    files = [_file_of(row, folder, there, f"{sheet}, row {place}") for place, row in enumerate(rows, start=2)]
    mpp = numbers(table, "mpp", sheet) if "mpp" in table else float("nan")
    further = {str(name): as_numbers(table[name]) for name in table if name not in (*TEXT, *OURS)}
    return table.assign(**further, file=pd.Series(files, dtype=object), mpp=mpp)


def _by_name(folder: Path) -> dict[str, list[Path]]:
    """The slides of a folder by their names, with and without the ending."""
    found: dict[str, list[Path]] = {}
    for file in sorted(folder.glob("*")):
        if file.suffix.lower() in SLIDE_SUFFIXES:
            for name in {file.name, file.stem}:
                found.setdefault(name, []).append(file)
    return found


def _file_of(row: dict[Any, Any], folder: Path, there: dict[str, list[Path]], where: str) -> Path:
    if row.get("file"):
        return folder / row["file"]
    found = there.get(row["slide"], [])
    if len(found) != 1:
        raise InputError(
            f"{where}: slide {row['slide']!r} has {len(found)} files in {folder} "
            f"({listed(file.name for file in found)}); name the right one in a column 'file'."
        )
    return found[0]


def _drawn(row: dict[Any, Any], folder: Path | None, sheet: Path | None) -> Path | None:
    """The annotations of a slide: what the sheet names, or a file of the slide's name in the folder."""
    if row.get("annotations"):
        return (folder or (sheet.parent if sheet else Path())) / row["annotations"]
    if folder is None:
        return None
    names = dict.fromkeys((row["slide"], row["file"].stem, row["file"].name))
    found = [folder / f"{name}{suffix}" for name in names for suffix in SUFFIXES]
    return next((file for file in found if file.is_file()), None)
