import hashlib

import pytest

from biox.core import files


def write_half(target):
    with files.whole(target) as fresh:
        fresh.write_text("half")
        raise KeyboardInterrupt


def test_an_interrupted_write_leaves_the_earlier_file_and_nothing_else(tmp_path):
    target = tmp_path / "result.txt"
    files.write_text(target, "first")
    with pytest.raises(KeyboardInterrupt):
        write_half(target)
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_replaces_the_earlier_folder_with_all_its_files(tmp_path):
    target = tmp_path / "folder"
    for name in ("old", "new"):
        with files.whole(target) as fresh:
            fresh.mkdir()
            (fresh / name).touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [target]


def test_an_interrupted_folder_leaves_the_earlier_folder(tmp_path):
    target = tmp_path / "folder"
    with files.whole(target) as fresh:
        fresh.mkdir()
        (fresh / "old").touch()
    with pytest.raises(KeyboardInterrupt):
        write_half(target)
    assert (target / "old").exists()


def test_a_folder_that_was_never_written_leaves_the_earlier_one(tmp_path):
    target = tmp_path / "folder"
    with files.whole(target) as fresh:
        fresh.mkdir()
        (fresh / "old").touch()
    with pytest.raises(FileNotFoundError), files.whole(target):
        pass
    assert (target / "old").exists()
    assert list(tmp_path.iterdir()) == [target]


def test_checksums_name_every_file_below_a_folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x").write_bytes(b"x")
    (tmp_path / "a").write_bytes(b"a")
    found = files.checksums([tmp_path])
    assert list(found) == [(tmp_path / "a").as_posix(), (tmp_path / "b" / "x").as_posix()]
    assert found[(tmp_path / "a").as_posix()] == hashlib.sha256(b"a").hexdigest()
