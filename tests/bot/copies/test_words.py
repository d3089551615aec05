"""The words of a pupil's copy: every column of theirs has some, or was set aside on purpose."""

from sqlmodel import SQLModel

from bot.copies.gathering import LEFT_OUT, MESSAGES, is_key
from bot.copies.words import SECTIONS
from conversations.neutrality import check_reading


def tables_of_pupils() -> set[str]:
    """Every table that points at a pupil, at any remove."""
    found, before = {"pupil"}, set[str]()
    while found != before:
        before = set(found)
        for table in SQLModel.metadata.sorted_tables:
            if any(foreign.column.table.name in found for foreign in table.foreign_keys):
                found.add(table.name)
    return found


def test_every_column_of_a_pupils_has_words_or_is_called_technical() -> None:
    decided = {(table, column) for table, section in SECTIONS.items() for column in section.columns}
    decided -= {(MESSAGES, "done_at"), (MESSAGES, "message")}
    there = {
        (table, column.name)
        for table in tables_of_pupils() - set(LEFT_OUT)
        for column in SQLModel.metadata.tables[table].columns
        if not is_key(column.name)
    }
    # A new column wants a label in bot/copies/words.py, or the decision that it tells a pupil nothing.
    assert (there - decided, decided - there) == (set(), set())


def test_a_table_that_tells_something_has_a_title() -> None:
    told = {name for name, section in SECTIONS.items() if any(section.columns.values())}
    assert {name for name, section in SECTIONS.items() if section.title} == told


def test_the_labels_can_be_read_by_the_youngest() -> None:
    said = [column.label.text for section in SECTIONS.values() for column in section.columns.values() if column]
    said += [section.title.text for section in SECTIONS.values() if section.title]
    said += [section.note.text for section in SECTIONS.values() if section.note]
    assert [finding.text for text in said for finding in check_reading(text, "older")] == []
