import importlib.metadata
import os
from pathlib import Path

import pytest

from biox.cli import main
from biox.front import installed, lrp_check, machine
from biox.front.findings import Finding, as_text


def test_lrp_of_this_installation_is_that_of_the_textbook():
    assert lrp_check.largest_difference() < lrp_check.TOLERANCE


@pytest.mark.parametrize(("rule", "broken"), [("EPS", 0.06), ("z_plus", lrp_check.epsilon)])
def test_an_engine_that_computes_something_else_is_found_out(monkeypatch, rule, broken):
    monkeypatch.setattr(lrp_check, rule, broken)
    if rule == "EPS":
        # The loops keep the other stabiliser: the engine gets the one of its own call.
        monkeypatch.setattr("biox.lrp.composite", lambda name, **_: __import__("biox").lrp.presets.composite(name))
    (found,) = installed.lrp()
    assert found.level == "problem"
    assert found.next_step


def test_a_package_that_is_missing_or_too_old_is_a_problem_by_name(monkeypatch):
    versions = {"torch": "1.0"}
    real = importlib.metadata.version

    def version(name):
        if name == "spm1d":
            raise importlib.metadata.PackageNotFoundError
        return versions.get(name) or real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    (found,) = [one for one in installed.own() if one.what == "packages"]
    assert found.level == "problem"
    assert "spm1d" in found.said
    assert "1.0 is here" in found.said


def test_a_wheel_knows_its_requirements_from_its_metadata(monkeypatch, tmp_path):
    monkeypatch.setattr(installed, "PROJECT", tmp_path / "absent.toml")
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: ["torch>=2.6", 'ruff>=0.12; extra == "test"'])
    assert installed.requirements() == ["torch>=2.6"]


@pytest.fixture
def limited(tmp_path, monkeypatch):
    """A control group with 3 GB and one and a half cores, below one that grants more."""
    own = tmp_path / "job" / "step"
    own.mkdir(parents=True)
    (own / "memory.max").write_text("max\n")
    (own.parent / "memory.max").write_text("3000000000\n")
    (own / "cpu.max").write_text("150000 100000\n")
    monkeypatch.setattr(machine, "CGROUPS", tmp_path)
    read = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda file, **k: "0::/job/step\n" if str(file) == "/proc/self/cgroup" else read(file, **k)
    )
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)


def test_the_limits_of_a_container_or_job_count_and_not_the_whole_machine(limited):
    memory, cores = machine.compute()
    assert "of 3.0 GB" in memory.said
    assert memory.level == "note"
    assert cores.said.startswith("1.5 (limited)")


def test_a_file_system_without_locks_is_a_problem(monkeypatch, tmp_path):
    def no_locks(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(machine.fcntl, "flock", no_locks)
    found = machine.features(Path("results"), tmp_path)
    assert (found.level, found.what) == ("problem", "file system")
    assert "locks (Operation not supported)" in found.said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_a_problem(tmp_path):
    tmp_path.chmod(0o500)
    assert machine.features(Path("results"), tmp_path).level == "problem"


def test_a_disk_is_looked_at_where_the_results_will_lie_and_nothing_is_left_there(tmp_path):
    found = list(machine.storage(tmp_path / "results" / "not" / "there"))
    assert {one.what for one in found} == {"disk", "file system"}
    assert list(tmp_path.iterdir()) == []


def test_slurm_without_its_plugin_says_what_to_install(monkeypatch, tmp_path):
    (tmp_path / "sinfo").write_text("#!/bin/sh\necho long\necho short\n")
    (tmp_path / "sinfo").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    found = installed.slurm()
    assert (found.level, found.next_step) == ("note", "pip install snakemake-executor-plugin-slurm")
    assert "long short" in found.said


@pytest.mark.parametrize(("ends", "level"), [(0, "ok"), (1, "note")])
def test_slurm_without_accounting_is_told_how_jobs_are_watched_then(monkeypatch, tmp_path, ends, level):
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(installed.importlib.util, "find_spec", lambda name: object())
    for name, body in (("sinfo", "echo cpu"), ("sacct", f"exit {ends}")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    found = installed.slurm()
    assert found.level == level
    assert (level == "ok") != ("slurm-status-command: squeue" in found.next_step)


def test_lines_say_level_what_and_the_next_step_without_colour():
    first, second = as_text([Finding("problem", "LRP", "differs", "install again")])
    assert first == "problem LRP           differs"
    assert second.strip() == "-> install again"


def test_problems_are_counted_and_told_by_the_exit_code(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "0 problem(s)" in said

    def broken():
        raise RuntimeError("the driver hangs")

    monkeypatch.setattr(installed, "devices", broken)
    assert main(["doctor"]) == 2
    said = capsys.readouterr().out
    assert "RuntimeError: the driver hangs" in said
    assert "Mend the problems first" in said
    assert "OpenSlide" in said, "one broken check is not the end"
