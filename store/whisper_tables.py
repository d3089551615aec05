"""The tables of the whisper store, which has a database, metadata and schema version of its own.

There is no time here, no number that counts, and no link to another table that a database could follow: only random
ids, the day, and sealed values of a few fixed sizes. `tests/anonymity/test_schema.py` holds that. Tables without row
ids keep their rows in the order of random keys, so that the file does not say which came first.
"""

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text

SCHEMA_VERSION = b"2"
# The state of the reader that is the recovery key of a locked desk.
RECOVERY = "recovery"

whisper_metadata = MetaData()


def _id(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, primary_key=True)


def _bytes(name: str) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=False)


def _word(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


report = Table(
    "report",
    whisper_metadata,
    _id("id"),
    _word("day"),  # of the first message, in the school's zone, such as "2026-11-24"
    _word("kind"),
    _word("urgency"),
    _word("status"),
    _word("stage"),  # how far its card has come: new, posted, climbed
    _word("hold"),  # "slot" when the reporter wishes the card to wait for the next fixed slot, else ""
    _word("kept"),  # "yes" while a safeguarding lead keeps it from being purged, else ""
    _word("closed"),  # the day it was closed, "" while it is open
    _word("outcome"),
    _bytes("salt"),
    _bytes("mark"),  # what its receipt is found by
    _bytes("verifier"),
    _bytes("reporter_key"),  # public; the private half follows from the receipt
    _bytes("desk_key"),  # public; the private half is wrapped for each reader
    _bytes("head"),
    _bytes("card"),
    _word("knock"),  # "due" after an answer, until the next fixed time; "" otherwise
    _bytes("route"),  # the way back to the reporter's chat if they asked for it, else as many random bytes
    sqlite_with_rowid=False,
)

wrap = Table("wrap", whisper_metadata, _id("report"), _id("reader"), _bytes("sealed"), sqlite_with_rowid=False)

turn = Table(
    "turn",
    whisper_metadata,
    _id("report"),
    _id("id"),
    _bytes("desk"),  # sealed for the readers
    _bytes("mine"),  # sealed for the reporter; of what is not for them, sealed for nobody
    sqlite_with_rowid=False,
)

reader = Table(
    "reader", whisper_metadata, _id("id"), _bytes("public"), _bytes("private"), _word("state"), sqlite_with_rowid=False
)

# Keyed hashes of the last batch of updates, so that one delivered again is not sealed twice.
lately = Table("lately", whisper_metadata, _id("mark"), sqlite_with_rowid=False)

setting = Table(
    "setting", whisper_metadata, Column("name", Text, primary_key=True), _bytes("value"), sqlite_with_rowid=False
)
