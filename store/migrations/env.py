"""Alembic's way in: migrations run on the engine they are given, in one transaction."""

from alembic import context
from sqlmodel import SQLModel

import store.signal_tables
import store.tables  # noqa: F401 (fills the metadata)

engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
