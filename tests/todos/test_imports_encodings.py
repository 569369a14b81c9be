"""Files in other encodings are read with a notice, or refused with what to do."""

import codecs
import io

import pytest

from tests.todos.files import a_full_account, exported, import_for
from todos.imports import encodings
from todos.imports.encodings import opened_as_utf8
from todos.imports.files import FileRefused
from todos.models import Task

pytestmark = pytest.mark.any_database

TABLE = "title\nPläne für Zürich – „Spaß“\n"
CALENDAR = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTODO\r\nSUMMARY:Pläne für Zürich\r\n"
    "END:VTODO\r\nEND:VCALENDAR\r\n"
)
TODOIST = "TYPE,CONTENT\ntask,Pläne für Zürich\n"


def read(data, **options):
    """Return a file as text, and the notice about it."""
    with opened_as_utf8(io.BytesIO(data), **options) as (file, notice):
        file.seek(0)
        return file.read().decode(), notice


def titles_of(user):
    return list(Task.objects.filter(owner=user).values_list("title", flat=True))


@pytest.mark.parametrize("end", ["le", "be"])
@pytest.mark.parametrize(
    ("name", "text"), [("csv", TABLE), ("ics", CALENDAR), ("todoist", TODOIST)]
)
def test_reads_utf16_with_its_mark(alice, name, text, end):
    mark = codecs.BOM_UTF16_LE if end == "le" else codecs.BOM_UTF16_BE

    report = import_for(alice, mark + text.encode(f"utf-16-{end}"), name)

    assert [title[:16] for title in titles_of(alice)] == ["Pläne für Zürich"]
    assert [one.message for one in report.notices] == ["The file was read as UTF-16."]


@pytest.mark.parametrize(
    ("name", "text"), [("csv", TABLE), ("ics", CALENDAR), ("todoist", TODOIST)]
)
def test_reads_windows_1252_with_a_notice(alice, name, text):
    report = import_for(alice, text.encode("cp1252"), name)

    [title] = titles_of(alice)
    assert title in text
    [notice] = report.notices
    assert (notice.row, notice.field) == (None, "")
    assert "read as Windows-1252" in notice.message


def test_reads_an_own_export_that_was_saved_as_utf16(alice, bob):
    a_full_account(alice)

    report = import_for(bob, exported(alice).decode().encode("utf-16"), "json")

    assert (report.errors, report.created) == ([], 15)


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8], ids=["plain", "marked"])
def test_utf8_is_not_converted(mark):
    file = io.BytesIO(mark + TABLE.encode())

    with opened_as_utf8(file) as (found, notice):
        assert (found, notice) == (file, "")


def test_utf8_that_looks_like_windows_1252_stays_utf8():
    assert read("title\nÃ¤ Â° É»\n".encode()) == ("title\nÃ¤ Â° É»\n", "")


def test_windows_1252_that_looks_like_utf8_in_one_line_stays_windows_1252():
    text = "title\nÜber\nfür\n„SPAß“\n"  # its last line is valid UTF-8

    assert read(text.encode("cp1252"))[0] == text


def test_one_damaged_line_does_not_change_the_others():
    data = "title\nMünchen\nKöln\n".encode() + b"Berl\xc3\n" + b"Ulm\n"

    text, notice = read(data)

    assert text == "title\nMünchen\nKöln\nBerl�\nUlm\n"
    assert "not valid UTF-8" in notice


def test_damage_after_many_sound_lines_is_not_silent(monkeypatch):
    monkeypatch.setattr(encodings, "JUDGED_MAX", 3)

    text, notice = read("ä\n".encode() * 10 + b"\xff\n")

    assert text == "ä\n" * 10 + "\ufffd\n"
    assert "not valid UTF-8" in notice


def test_a_calendar_may_be_folded_within_characters(monkeypatch):
    whole = ("SUMMARY:" + "ä" * 40 + "\r\n") * 40
    folded = (
        b"\r\n ".join(whole.encode()[at : at + 1] for at in range(len(whole.encode())))
        .replace(b"\r\r\n \n", b"\r\n")
        .replace(b"\r\n \r\n", b"\r\n")
    )
    monkeypatch.setattr(encodings, "CHUNK", 100)

    file = io.BytesIO(folded)

    with opened_as_utf8(file, is_folded=True) as (found, notice):
        assert (found, notice) == (file, "")
    with opened_as_utf8(file) as (_, notice):
        assert "Windows-1252" in notice


@pytest.mark.parametrize(
    "data",
    [
        TABLE.encode("utf-16-le"),
        TABLE.encode("utf-16-be"),
        TABLE.encode("utf-32"),
        codecs.BOM_UTF16_LE + TABLE.encode("utf-16-le")[:-1],
        codecs.BOM_UTF16_LE + b"\x00\xd8\x41\x00",
        "title\nКупить молоко\n".encode("cp1251"),
        "title\nΑγορά γάλακτος\n".encode("cp1253"),
        "title\n买牛奶\n".encode("gb18030"),
        "title\n牛乳を買う\n".encode("shift_jis"),
        "title\nПозвонить\n".encode("koi8-r"),
        b"title\n\x00\xff\x01\n",
        bytes(range(256)),
    ],
    ids=range(12),
)
def test_refuses_what_can_not_be_read_with_certainty(data):
    with pytest.raises(FileRefused, match=r"UTF-(8|16)\."):
        read(data)


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (
            b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml xl/workbook.xml",
            "an Excel",
        ),
        (
            b"PK\x03\x04" + b"\0" * 26 + b"word/ [Content_Types].xml",
            "an Office document",
        ),
        (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "Open"),
        (b"PK\x03\x04Index/Document.iwa", "Numbers"),
        (b"PK\x03\x04tasks.csv", "a ZIP archive"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"SQLite format 3\0", "a database"),
    ],
    ids=range(11),
)
@pytest.mark.parametrize("name", ["csv", "ics", "json"])
def test_names_the_kind_of_another_file(alice, start, words, name):
    with pytest.raises(FileRefused, match=f"^The file is .*{words}.*\\.$"):
        import_for(alice, start + b"\0\xff garbage", name)


def test_reads_text_of_any_size_in_parts(monkeypatch):
    monkeypatch.setattr(encodings, "CHUNK", 3)
    monkeypatch.setattr(encodings, "IN_MEMORY", 10)

    assert read(TABLE.encode("utf-16"))[0] == TABLE
    assert read(TABLE.encode("cp1252"))[0] == TABLE
    assert read(TABLE.encode())[0] == TABLE
