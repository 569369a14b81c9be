"""ZIP archives are read within limits, whatever they claim to contain."""

import io
import struct
import zipfile

import pytest

from todos.imports import archives
from todos.imports.archives import entries_of, is_archive
from todos.imports.files import FileRefused


def archive_of(files, *, method=zipfile.ZIP_DEFLATED):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed


def contents_of(file, *, is_wanted=lambda path: True):
    return [(path, one.read()) for path, one in entries_of(file, is_wanted=is_wanted)]


def patched(file, signature, offset, number, layout="<H"):
    """Return the archive with a number of each of its headers replaced."""
    data, at = bytearray(file.getvalue()), 0
    while (at := data.find(signature, at)) >= 0:
        struct.pack_into(layout, data, at + offset, number)
        at += 1
    return io.BytesIO(bytes(data))


LOCAL, CENTRAL = b"PK\3\4", b"PK\1\2"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_yields_the_wanted_files_in_their_order(method):
    file = archive_of({"b.csv": b"2", "a.txt": b"-", "a.csv": b"1"}, method=method)

    found = contents_of(file, is_wanted=lambda path: path.endswith(".csv"))

    assert found == [("b.csv", b"2"), ("a.csv", b"1")]


def test_a_content_can_be_read_again_from_its_beginning(monkeypatch):
    monkeypatch.setattr(archives, "IN_MEMORY", 10)

    for _, content in entries_of(
        archive_of({"a": b"one\ntwo\n" * 9}), is_wanted=lambda path: True
    ):
        assert content.readline() == b"one\n"
        content.seek(0)
        assert len(content.read()) == 72


def test_skips_folders_and_hidden_files():
    names = ["x/", "__MACOSX/._a.csv", "x/.a.csv", ".DS_Store", "x/a.csv"]

    found = contents_of(archive_of(dict.fromkeys(names, b"1")))

    assert found == [("x/a.csv", b"1")]


def test_a_path_is_only_text():
    names = ["../../etc/passwd", "/etc/passwd", "C:\\x.csv"]

    found = contents_of(archive_of(dict.fromkeys(names, b"1")))

    assert [path for path, _ in found] == names


def test_reads_names_in_utf8_that_are_not_marked_as_such():
    file = archive_of({"Pläne.csv": b"1"})
    unmarked = patched(patched(file, LOCAL, 6, 0), CENTRAL, 8, 0)

    assert contents_of(unmarked) == [("Pläne.csv", b"1")]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (archive_of({"a": b""}).getvalue(), True),
        (archive_of({}).getvalue(), True),
        (b"PK", False),
        (b"title\n", False),
    ],
)
def test_recognises_an_archive_by_its_beginning(data, expected):
    assert is_archive(io.BytesIO(data)) is expected


def bomb():
    return archive_of({"a.csv": b"\0" * 20_000_000})


def many():
    return archive_of({f"{number}.csv": b"" for number in range(1_001)})


def sum_too_large():
    # Not written out: 60 entries that declare 1 MB each.
    file = archive_of({f"{number}.csv": b"1" for number in range(60)})
    return patched(file, CENTRAL, 24, 1_000_000, "<L")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (bomb, "too large"),
        (many, "more than 1000 files"),
        (sum_too_large, "too large"),
        (lambda: patched(archive_of({"a": b"1"}), CENTRAL, 8, 1), "encrypted"),
        (lambda: patched(archive_of({"a": b"1"}), CENTRAL, 10, 9), "unusual way"),
        (lambda: archive_of({"a": b"1"}, method=zipfile.ZIP_LZMA), "unusual way"),
    ],
    ids=["bomb", "many", "sum", "encrypted", "deflate64", "LZMA"],
)
def test_refuses_before_anything_is_uncompressed(make, message, monkeypatch):
    monkeypatch.setattr(archives, "_copy", None)  # calling it would raise TypeError

    with pytest.raises(FileRefused, match=message):
        contents_of(make())


def test_reads_no_list_of_entries_over_its_limit(monkeypatch):
    monkeypatch.setattr(archives, "DIRECTORY_MAX", 100)

    with pytest.raises(FileRefused, match="more than 1000 files"):
        contents_of(archive_of({"a" * 80: b"1"}))


def test_an_entry_yields_no_more_than_it_declares():
    file = patched(archive_of({"a": b"12345"}), CENTRAL, 24, 2, "<L")

    with pytest.raises(FileRefused, match="damaged"):
        contents_of(file)


def test_refuses_a_damaged_archive_at_every_byte():
    """No damage may lead to another exception, or to another content."""
    whole = archive_of({"a.csv": b"title\nmilk\n" * 20, "b.csv": b"x"}).getvalue()

    for at in range(len(whole)):
        for data in (
            whole[:at],
            whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :],
        ):
            try:
                found = contents_of(io.BytesIO(data))
            except FileRefused:
                continue
            assert {one for _, one in found} <= {b"title\nmilk\n" * 20, b"x"}
