"""Files of tools that are neither JSON nor a table become Tables, each by its own form."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from textune.errors import DataError
from textune.reading.forms import (
    absa,
    anafora,
    arff,
    azure,
    bioc,
    brat,
    cas,
    chat_logs,
    concepts,
    docbin,
    drawn_tables,
    entailment,
    field_blocks,
    lu,
    mail,
    marked_relations,
    masked_terms,
    page_tables,
    pubtator,
    rasa,
    rasa_markdown,
    tagged_documents,
    tei,
    webanno,
    webanno_old,
    winograd,
    xml_rows,
    xml_words,
)
from textune.reading.lines import BOM, opened
from textune.records import Table


class Written(NamedTuple):
    """A form of whole files."""

    name: str
    begins: Callable[[Path, bytes], bool]  # by the first bytes, without a byte order mark
    read: Callable[[Path, tuple[str, ...]], Table]


FORMS = (
    Written(absa.NAME, absa.begins, absa.read),
    Written(anafora.NAME, anafora.begins, anafora.read),
    Written(arff.NAME, arff.begins, arff.read),
    Written(bioc.NAME, bioc.begins, bioc.read),
    Written(azure.NAME, azure.begins, azure.read),
    Written(brat.NAME, brat.begins, brat.read),
    Written(cas.NAME, cas.begins, cas.read),
    Written(chat_logs.NAME, chat_logs.begins, chat_logs.read),
    Written(concepts.NAME, concepts.begins, concepts.read),
    Written(docbin.NAME, docbin.begins, docbin.read),
    Written(drawn_tables.NAME, drawn_tables.begins, drawn_tables.read),
    Written(entailment.NAME, entailment.begins, entailment.read),
    Written(field_blocks.NAME, field_blocks.begins, field_blocks.read),
    Written(lu.NAME, lu.begins, lu.read),
    Written(marked_relations.NAME, marked_relations.begins, marked_relations.read),
    Written(mail.NAME, mail.begins, mail.read),
    Written(masked_terms.NAME, masked_terms.begins, masked_terms.read),
    Written(page_tables.NAME, page_tables.begins, page_tables.read),
    Written(pubtator.NAME, pubtator.begins, pubtator.read),
    Written(rasa.NAME, rasa.begins, rasa.read),
    Written(rasa_markdown.NAME, rasa_markdown.begins, rasa_markdown.read),
    Written(tagged_documents.NAME, tagged_documents.begins, tagged_documents.read),
    Written(tei.NAME, tei.begins, tei.read),
    Written("WebAnno TSV", webanno.begins, webanno.read),
    Written(webanno_old.NAME, webanno_old.begins, webanno_old.read),
    Written(winograd.NAME, winograd.begins, winograd.read),
    Written(xml_rows.NAME, xml_rows.begins, xml_rows.read),
    Written(xml_words.NAME, xml_words.begins, xml_words.read),
)

HEAD = 4096  # bytes by which a form is recognised


def read(path: Path, why: tuple[str, ...]) -> Table | None:
    """Read a file that begins as one of the forms does; None where it begins as none.

    Raises:
        DataError: It begins as two of them do.
    """
    with opened(path) as file:
        head = file.read(HEAD).removeprefix(BOM)
    found = [form for form in FORMS if form.begins(path, head)]
    if len(found) > 1:
        listed = " and ".join(form.name for form in found)
        raise DataError(f"{path.name}: this could be {listed}; save it in one of these forms only")
    return found[0].read(path, why) if found else None
