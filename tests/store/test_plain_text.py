"""Nothing that a person is, has said or can be reached by is readable in the database alone.

A store is filled through the product's own functions, from the import to a request that was owned; then every value of
every table, and on SQLite the bytes of the files, are searched for all of it in several writings.
"""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session, SQLModel, select

from store.sealing import Sealer
from store.tables import CheckIn, Failure, Outbox, Request
from tests.story import CHATS, GUARDIAN_CHAT, NAMES, REFERENCES, SLACK, TYPED, WORDS, Story


@pytest.fixture
def story(engine: Engine, sealer: Sealer) -> Iterator[Story]:
    """The store after that day."""
    told = Story(engine, sealer)
    told.run()
    yield told
    told.worker.close()


def secrets(story: Story) -> list[str]:
    """Everything that may not be readable."""
    plain = [code.replace("-", "") for code in story.codes]
    chats = [str(chat) for chat in (*CHATS.values(), GUARDIAN_CHAT)]
    said = [*WORDS.split()[1:3], *TYPED.split()[1:3], WORDS, TYPED]
    held = [*NAMES, *REFERENCES, *SLACK, *SLACK.values(), "D0QUILLON7", *story.codes, *plain, *chats, *said]
    return [*held, *sorted(story.items)]


def writings(secret: str) -> Iterator[bytes]:
    """The ways in which a value might lie in a database, in lower case, for the haystack is too."""
    for raw in {secret.encode(), secret.lower().encode(), secret.upper().encode()}:
        yield raw.lower()
        yield raw.hex().encode()
        # Base64 of a part begins at any of three places; the characters at its ends hold bits of what stands beside.
        for before in range(3):
            coded = base64.b64encode(b"\0" * before + raw)
            yield coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6].lower()
    if secret.isdigit():
        yield int(secret).to_bytes(8, "big").lower()
        yield int(secret).to_bytes(8, "little").lower()


def values(engine: Engine) -> Iterator[tuple[str, bytes]]:
    """Every value of every table, as bytes, with the name of its column."""
    with engine.connect() as connection:
        for table in SQLModel.metadata.sorted_tables:
            for row in connection.execute(text(f'SELECT * FROM "{table.name}"')).mappings():  # noqa: S608 (our own tables)
                for column, value in row.items():
                    yield f"{table.name}.{column}", _as_bytes(value)


def _as_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else json.dumps(value, default=str).encode()


def found_in(haystack: bytes, needles: list[str]) -> list[str]:
    low = haystack.lower()
    return [one for one in needles if any(form in low for form in writings(one))]


def test_the_search_finds_what_it_looks_for() -> None:
    name, chat = "Zephyrine", CHATS["PUP-88001"]
    coded = [base64.b64encode(f"{'.' * before}{name} Marchbanks".encode()) for before in range(3)]
    for form in (
        b"zephyrine",
        b"ZEPHYRINE",
        name.encode().hex().encode(),
        name.encode().hex().upper().encode(),
        *coded,
    ):
        assert found_in(b"x" + form + b"x", [name, "Ottoline"]) == [name]
    for order in ("big", "little"):
        assert found_in(b"x" + chat.to_bytes(8, order) + b"x", [str(chat)]) == [str(chat)]


def test_the_story_reaches_every_table_that_holds_anything_of_a_person(story: Story, engine: Engine) -> None:
    filled = {name.split(".")[0] for name, _ in values(engine)}
    unfilled = {table.name for table in SQLModel.metadata.sorted_tables} - filled
    # Cursors are the edges' own; failures would be a fault in the story; bars are a school's, made at night, and so
    # are its own questions.
    assert unfilled == {"cursor", "failure", "question_set", "signal_bars"}
    with Session(engine) as session:
        assert session.exec(select(Failure)).all() == []
        states = [check_in.state for check_in in session.exec(select(CheckIn))]
        assert states == ["answered", "answered"]
        assert all(check_in.words_sealed for check_in in session.exec(select(CheckIn)))
        assert {row.state for row in session.exec(select(Outbox))} >= {"sent"}
        assert [request.state for request in session.exec(select(Request))] == ["owned"]
    assert len(story.items) >= 6


def test_no_value_of_any_table_shows_anything_of_a_person(story: Story, engine: Engine) -> None:
    needles = secrets(story)
    assert {name: found for name, value in values(engine) if (found := found_in(value, needles))} == {}


def test_the_files_of_a_sqlite_store_show_nothing_of_a_person(
    story: Story, engine: Engine, tmp_path: Path, database_url: str
) -> None:
    if not database_url.startswith("sqlite"):
        # PostgreSQL's files are its own; what they hold is what its tables show.
        return
    files = sorted(tmp_path.glob("earshot.sqlite*"))
    content = b"".join(path.read_bytes() for path in files)
    # The school's own name is no secret: it shows that the search looks in the right place.
    assert (b"Larkfield" in content, found_in(content, secrets(story))) == (True, [])
