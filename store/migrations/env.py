"""Alembic's way in: migrations run on the engine they are given, in one transaction.

SQLite cannot change a column in place: the table is made anew and the old one dropped, at which its foreign keys would
protest. They are not looked at meanwhile, and all of them before the commit.
"""

from alembic import context
from sqlmodel import SQLModel

import store.every_table  # noqa: F401 (fills the metadata)

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        # On the driver itself: within a transaction this setting does nothing.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    try:
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=sqlite,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        if sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            raise RuntimeError("a migration left a row that points nowhere")
        connection.commit()
    finally:
        connection.rollback()
        if sqlite:
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")
