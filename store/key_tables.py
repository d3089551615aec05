"""The table of the keys this store has been sealed with, by their ids alone."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.database import UtcDateTime


class SealingKey(SQLModel, table=True):
    """Which master keys (by id, in hexadecimal) this store has been sealed with."""

    __tablename__ = "sealing_key"

    key_id: str = Field(primary_key=True)
    since: datetime = Field(default=None, sa_type=UtcDateTime, nullable=False)
