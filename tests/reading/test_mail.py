import shutil
from email.message import EmailMessage

import pytest

from textune.errors import DataError
from textune.reading import sources
from textune.tasks.contract import understand
from thinning import crossed

BODIES = [f"the {thing} was {how} that day" for thing in ("room", "meal") for how in "abcdefgh"]


def mail(body, *, subject="Your stay", kind="plain", charset="utf-8", labels=None, page=None):
    made = EmailMessage()
    made["Received"] = "from x by y; Mon, 1 Jan 2026 00:00:00 +0000"
    made["From"], made["To"] = "Ann <ann@example.org>", "ben@example.org"
    made["Subject"], made["Date"] = subject, "Mon, 1 Jan 2026 00:00:00 +0000"
    if labels:
        made["X-Gmail-Labels"] = labels
    made.set_content(body, subtype=kind, charset=charset)
    if page:
        made.add_alternative(page, subtype="html")
    return made.as_bytes()


def box(mails):
    return b"\n".join(b"From ann@example.org Mon Jan  1 00:00:00 2026\n" + one for one in mails)


def cells(path):
    return [row.cells for row in sources.read(path).rows()]


@pytest.mark.parametrize("name", ["Inbox.mbox", "Inbox", "mails.txt"])
def test_the_mails_of_a_box_are_rows(tmp_path, name):
    marks = ("Inbox,Work", "Spam")
    (tmp_path / name).write_bytes(
        box(mail(body, labels=marks[n % 2]) for n, body in enumerate(BODIES))
    )
    table = sources.read(tmp_path / name)
    found = list(table.rows())
    assert table.columns == ("subject", "text", "from", "date", "labels")
    assert [row.cells[1] for row in found] == BODIES
    assert {row.cells[4] for row in found} == {*marks}
    assert found[0].origin == f"{name}:1"
    assert understand(table).contract.label == ("labels",)


def test_a_mail_is_a_row_with_what_it_says_in_words(tmp_path):
    body = "Ein schöner Abend – danke für alles!"
    page = "<html><style>p {x}</style><p>Another &amp; text</p></html>"
    (tmp_path / "a.eml").write_bytes(
        mail(body, subject="Grüße aus Köln", charset="cp1252", page=page)
    )
    assert cells(tmp_path / "a.eml")[0][:2] == ("Grüße aus Köln", body)


def test_of_a_page_the_words_are_read(tmp_path):
    page = (
        "<html><head><title>x</title></head><body><p>One &amp; two</p>three<br>four</body></html>"
    )
    (tmp_path / "a.eml").write_bytes(mail(page, kind="html"))
    assert cells(tmp_path / "a.eml")[0][1] == "One & two\nthree\nfour"


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a\nContent-Type: text/plain; charset=no-such\n\nwords here\xe9\n",
        b"From: a\nSubject: =?no-such?Q?x?= =?utf-8?B?!!!?=\n\nwords here\n",
        b"From: a\nContent-Transfer-Encoding: base64\n\n!!!not base64\n",
        b'From: a\nContent-Type: multipart/mixed; boundary="x"\n\n--x\nno headers\n',
        b"From: a\nContent-Type: multipart/mixed\n\n--x\n",
        b"From: a\nContent-Type: multi\0part\n",
        b"From: a\nContent-Type: text/plain; charset=utf\0-8\n\nwords here\n",
        b"From: a\n",
    ],
)
def test_a_damaged_mail_is_a_row(tmp_path, raw):
    path = tmp_path / "a.eml"
    path.write_bytes(raw)
    assert len(cells(path)) == 1


def test_lines_that_begin_with_from_in_a_text_are_none_of_a_box(tmp_path):
    (tmp_path / "a.txt").write_text("From here on\nit went well\nFrom: nobody\n" * 5)
    assert sources.read(tmp_path / "a.txt").format == "text"


@pytest.mark.parametrize(
    ("name", "packed"),
    crossed(["{n}.eml", "{n:05}.0123456789abcdef{n:016x}", "{n}"], [False, True]),
)
def test_mails_in_folders_are_texts_with_the_label_of_their_folder(tmp_path, name, packed):
    for label in ("ham", "spam"):
        (tmp_path / "mails" / label).mkdir(parents=True)
        for n, body in enumerate(BODIES):
            file = tmp_path / "mails" / label / name.format(n=n)
            file.write_bytes(mail(f"{body} {label}"))
    place = tmp_path / "mails"
    if packed:
        place = shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path / "mails")
    found = cells(place)
    assert len(found) == 2 * len(BODIES)
    assert ("Your stay\n\nthe room was a that day ham", "ham") in found
    assert not any("Received" in text for text, _ in found)


def test_texts_without_an_ending_are_read_whole_and_what_is_none_is_told(tmp_path):
    for label in ("alt.atheism", "sci.space"):
        (tmp_path / label).mkdir()
        for n in range(30):
            (tmp_path / label / str(50_000 + n)).write_text(f"From: ann\nSubject: {n}\n\nhello {n}")
    (tmp_path / "sci.space" / "cmds").write_text("mv 1 2")
    table = sources.read(tmp_path)
    found = [row.cells for row in table.rows()]
    assert len(found) == 60
    assert ("From: ann\nSubject: 3\n\nhello 3", "sci.space") in found
    assert any("sci.space/cmds" in finding.message for finding in table.findings)


@pytest.mark.parametrize("depth", [60, 3_000])
@pytest.mark.parametrize("kind", ['multipart/mixed; boundary="b{0}"\n\n--b{0}', "message/rfc822\n"])
def test_a_mail_of_very_many_parts_in_parts_is_named(tmp_path, depth, kind):
    nested = "".join(f"Content-Type: {kind.format(level)}\n" for level in range(depth))
    (tmp_path / "a.eml").write_text(f"From: a@b.c\nMIME-Version: 1.0\n{nested}\nhello\n")
    with pytest.raises(DataError, match=r"a.eml:1: the parts of the mail.*more than 50 deep"):
        list(sources.read(tmp_path / "a.eml").rows())
