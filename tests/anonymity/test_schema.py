"""T4: the whisper store has no time, no number that counts, and no link that a database could follow."""

import pytest
from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Integer, LargeBinary, MetaData, Table, Text, inspect

from store.tables import SQLModel
from store.whisper_store import WhisperStore
from store.whisper_tables import whisper_metadata

# The only plain words a report may hold, besides sealed and random bytes.
PLAIN = {"day", "kind", "urgency", "status", "stage", "hold", "kept", "closed", "outcome", "state", "name", "knock"}


def faults(metadata: MetaData) -> list[str]:
    """Name every column that could tell of a time, an order or a link."""
    found = []
    for table in metadata.sorted_tables:
        for column in table.columns:
            if not isinstance(column.type, LargeBinary | Text):
                found.append(f"{table.name}.{column.name} is of type {column.type}")
            if isinstance(column.type, Text) and column.name not in PLAIN:
                found.append(f"{table.name}.{column.name} is plain")
            if column.foreign_keys:
                found.append(f"{table.name}.{column.name} links")
            if column.server_default is not None or column.default is not None:
                found.append(f"{table.name}.{column.name} fills itself")
        if table.dialect_options["sqlite"]["with_rowid"]:
            found.append(f"{table.name} has row ids")
    return found


def test_schema_has_no_time_no_number_and_no_link():
    assert faults(whisper_metadata) == []


def test_tables_as_they_lie_in_the_database_are_those_declared(whisper_store: WhisperStore):
    looked = inspect(whisper_store.engine)
    assert set(looked.get_table_names()) == set(whisper_metadata.tables)
    for name, table in whisper_metadata.tables.items():
        assert {column["name"] for column in looked.get_columns(name)} == set(table.columns.keys())
        types = {str(column["type"]).upper() for column in looked.get_columns(name)}
        assert types <= {"BLOB", "TEXT", "BYTEA"}
        assert looked.get_foreign_keys(name) == []
        assert looked.get_indexes(name) == []


def test_nothing_is_shared_with_the_main_store():
    assert whisper_metadata is not SQLModel.metadata
    assert not set(whisper_metadata.tables) & set(SQLModel.metadata.tables)


@pytest.mark.parametrize(
    "column",
    [
        Column("at", DateTime),
        Column("number", Integer),
        Column("count", BigInteger),
        Column("chat", Text),
        Column("pupil", LargeBinary, ForeignKey("other.id")),
    ],
    ids=lambda column: column.name,
)
def test_each_planted_leak_of_the_schema_is_found(column: Column[object]):
    planted = MetaData()
    Table("other", planted, Column("id", LargeBinary, primary_key=True), sqlite_with_rowid=False)
    Table("report", planted, Column("id", LargeBinary, primary_key=True), column, sqlite_with_rowid=False)
    assert faults(planted) != []


def test_table_with_row_ids_is_found():
    planted = MetaData()
    Table("report", planted, Column("id", LargeBinary, primary_key=True))
    assert faults(planted) == ["report has row ids"]
