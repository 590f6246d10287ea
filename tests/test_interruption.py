"""Whatever happens to a run, the next one completes it, and its files are those of a run that nothing happened to."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workflow_runs import BIN, ROOT, change, said, snakemake

sys.path.insert(0, str(ROOT / "bench"))

from same_bytes import contents, different

pytestmark = pytest.mark.long

STUDY = "tiny_subjects"
KILLS = int(os.environ.get("BIOX_KILLS", "30"))
# What is made: all, or only what this names, for a try on a busy machine.
TARGETS = os.environ.get("BIOX_TARGETS", "").split()
SETTINGS = ("training: { epochs: 5 }", "training: { epochs: 40, checkpoint: 1 }")


def prepared(folder: Path) -> Path:
    """A folder with one tiny study whose trainings leave checkpoints."""
    (folder / "config").mkdir(parents=True)
    (folder / "config" / f"{STUDY}.yaml").write_bytes((ROOT / "tests/tiny" / f"{STUDY}.yaml").read_bytes())
    (folder / "config/config.yaml").write_text(f"studies: [{STUDY}]\nresources: {{}}\n")
    change(folder / "config" / f"{STUDY}.yaml", *SETTINGS)
    return folder


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory) -> tuple[dict[str, str], float]:
    """The checksums of every file of a run that nothing happened to, and how long it took."""
    folder, began = prepared(tmp_path_factory.mktemp("undisturbed")), time.monotonic()
    done = snakemake(folder, *TARGETS)
    assert done.returncode == 0, said(done)
    return contents(folder), time.monotonic() - began


def start(folder: Path) -> subprocess.Popen[bytes]:
    """The workflow in a session of its own, what it says in ``said.txt``."""
    words = [*TARGETS, "--snakefile", ROOT / "Snakefile", "--directory", folder, "--cores", "2"]
    words += ["--profile", ROOT / "workflow/profiles/default"]
    with (folder / "said.txt").open("ab") as out:
        return subprocess.Popen([BIN / "snakemake", *words], stdout=out, stderr=out, start_new_session=True)


def members(session: int) -> dict[int, str]:
    """The living processes of a session, with their kind: snakemake, shell or biox."""
    found = {}
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
            words = (entry / "cmdline").read_bytes().decode().split("\0") if fields else []
        except OSError:
            continue
        if fields and int(fields[3]) == session and fields[0] != "Z":
            shell = Path(words[0]).name in ("bash", "sh")  # its command names biox.cli, too
            found[int(entry.name)] = "bash" if shell else "biox.cli" if "biox.cli" in words[:4] else "snakemake"
    return found


def kill(run: subprocess.Popen[bytes], chance: random.Random) -> str:
    """Kill everything, or one process of a kind drawn first, so that the few long-lived ones are not all that dies.

    Returns what was killed, "" where nothing of that kind was there.
    """
    there = members(run.pid)
    kind = chance.choice(["all", "snakemake", "bash", "biox.cli"])
    victims = sorted(process for process, its in there.items() if kind in ("all", its))
    for process in victims if kind == "all" else victims[:1] and [chance.choice(victims)]:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            return ""
    if kind in ("all", "snakemake"):
        run.wait(timeout=60)
    return kind if victims else ""


def leftovers(folder: Path) -> list[Path]:
    return [path for tree in ("results", "reports") for path in (folder / tree).rglob(".biox-*")]


def test_a_run_killed_at_random_moments_ends_as_one_that_was_not(undisturbed, tmp_path, capsys):
    expected, seconds = undisturbed
    folder, chance, counts = prepared(tmp_path / "killed"), random.Random(7), Counter()
    run, starts, finished = start(folder), 1, 0
    while sum(counts.values()) < KILLS:
        time.sleep(chance.uniform(0.02, 0.25) * seconds)
        if run.poll() is not None:
            if run.returncode == 0:  # all is done before the last kill: begin anew
                finished += 1
                shutil.rmtree(folder / "results")
                shutil.rmtree(folder / "reports")
            run, starts = start(folder), starts + 1
            continue
        if killed := kill(run, chance):
            counts[killed] += 1
    kill_all(run)
    done = snakemake(folder, *TARGETS)
    assert done.returncode == 0, said(done)
    with capsys.disabled():
        print(f"\n{sum(counts.values())} kills {dict(counts)}, {starts} starts, {finished} finished in between")
    assert "Traceback" not in said(done)
    assert different(expected, contents(folder)) == []
    assert leftovers(folder) == []


def kill_all(run: subprocess.Popen[bytes]) -> None:
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
        run.wait(timeout=60)


def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_weights(undisturbed, tmp_path):
    folder = prepared(tmp_path / "training")
    assert snakemake(folder, f"results/{STUDY}/cohort").returncode == 0
    fit = f"results/{STUDY}/fold-0/fit"
    words = [sys.executable, "-m", "biox.cli", "train", STUDY, "--fold", "0", "--out", fit]
    training = subprocess.Popen(words, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)})
    kept = folder / f"results/{STUDY}/fold-0/checkpoints"
    while not list(kept.glob("main*")):
        assert training.poll() is None
        time.sleep(0.005)
    training.kill()
    assert training.wait() == -signal.SIGKILL
    done = snakemake(folder, fit)
    assert done.returncode == 0, said(done)
    assert "goes on after epoch" in (folder / f"logs/{STUDY}/train-0.log").read_text()
    expected = {file: total for file, total in undisturbed[0].items() if file.startswith(fit)}
    assert {file: total for file, total in contents(folder).items() if file.startswith(fit)} == expected
    assert not kept.exists()


def test_a_second_run_in_the_folder_says_so_and_changes_nothing(undisturbed, tmp_path):
    folder = prepared(tmp_path / "twice")
    first = start(folder)
    while not (folder / ".snakemake/locks").is_dir() or not any((folder / ".snakemake/locks").iterdir()):
        time.sleep(0.05)
    second = snakemake(folder, *TARGETS)
    assert second.returncode != 0
    assert f"process {first.pid} on" in said(second)
    assert "is at work in" in said(second)
    assert "Nothing was changed" in said(second)
    assert "Traceback" not in said(second)
    assert snakemake(folder, "--dry-run").returncode == 0
    assert first.wait(timeout=900) == 0
    assert different(undisturbed[0], contents(folder)) == []


def test_a_job_that_failed_is_repeated_although_its_earlier_result_was_put_back(undisturbed, tmp_path):
    folder = prepared(tmp_path / "failed")
    evidence = f"results/{STUDY}/evidence"
    assert snakemake(folder, evidence).returncode == 0
    study = folder / "config" / f"{STUDY}.yaml"
    change(study, "bootstrap: 100", "bootstrap: 101")
    cohort = folder / f"results/{STUDY}/cohort/axes.json"
    kept, before = cohort.read_bytes(), contents(folder)
    times = cohort.stat()
    cohort.write_text("{")
    os.utime(cohort, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert snakemake(folder, evidence).returncode != 0
    cohort.write_bytes(kept)
    os.utime(cohort, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert contents(folder) == before
    done = snakemake(folder, evidence)
    assert done.returncode == 0, said(done)
    assert "rule validate" in said(done)
    assert contents(folder) != before


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of little room, as root can mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", disk], check=True)


def test_a_full_disk_is_a_sentence_and_the_run_goes_on_when_there_is_room(undisturbed, small_disk):
    folder = prepared(small_disk / "run")
    done = snakemake(folder, *TARGETS)
    assert done.returncode != 0
    logs = "".join(file.read_text() for file in (folder / "logs").rglob("*.log"))
    assert "No space left on device" in said(done) + logs
    assert "Traceback" not in logs
    assert leftovers(folder) == []
    remount(small_disk, "size=200m")
    done = snakemake(folder, *TARGETS)
    assert done.returncode == 0, said(done)
    assert different(undisturbed[0], contents(folder)) == []


def test_a_folder_that_cannot_be_written_is_a_sentence(small_disk):
    folder = prepared(small_disk / "run")
    remount(small_disk, "ro")
    done = snakemake(folder)
    remount(small_disk, "rw")
    assert done.returncode != 0
    assert f"Cannot write in {folder}: Read-only file system" in said(done)
    assert "Traceback" not in said(done)
