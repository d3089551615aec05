"""Bringing a whisper store of an earlier version up to this one, in the transaction that opens it."""

import secrets

from sqlalchemy import Connection, insert, select, text, update

from store.whisper_sealing import no_route
from store.whisper_tables import report, setting


def bring_up(connection: Connection) -> None:
    """Bring the tables up from version 1, which had no knocks; a store that is new, or of this version, is left."""
    version = connection.execute(select(setting.c.value).where(setting.c.name == "schema")).scalar()
    if version is None or bytes(version) != b"1":
        return
    rows = [dict(row._mapping) for row in connection.execute(text("SELECT * FROM report"))]
    # Made anew rather than added to, so that the table is the same as a new one's, in no order.
    report.drop(connection)
    report.create(connection)
    secrets.SystemRandom().shuffle(rows)
    for row in rows:
        connection.execute(insert(report), {**row, "knock": "", "route": no_route()})
    connection.execute(update(setting).where(setting.c.name == "schema").values(value=b"2"))
