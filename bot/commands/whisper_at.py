"""A lead at their desk for one command, or the whisper store alone; and secrets asked for without being shown."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from sqlmodel import Session, select

from bot.clock import Clock
from bot.opening import open_store
from bot.settings import read_settings
from bot.text import render
from bot.whisper import desk as whisper_desk
from scheduling.school import SchoolFacts, only_school
from store import whisper_lock
from store.sealing import Sealer
from store.tables import Staff
from store.vault import StoreProblem
from store.whisper_desk import DeskLocked, Line, NotThere
from store.whisper_store import WhisperStore, open_whispers

CHOOSE_FIRST = "You have no passphrase yet: choose one with `earshot whisper desk passphrase --lead ADDRESS`."
LeadOption = Annotated[str, typer.Option("--lead", help="Your school e-mail address.")]


@dataclass(frozen=True)
class AtDesk:
    """A lead at their desk, for one command."""

    session: Session
    sealer: Sealer
    store: WhisperStore
    school: SchoolFacts
    lead: whisper_desk.Lead

    def open(self) -> None:
        """Open the desk where it is locked. Raises StoreProblem."""
        state = whisper_lock.state_of(self.store, self.lead.reader)
        if state == "new":
            raise StoreProblem(CHOOSE_FIRST)
        if state == "locked" and not whisper_lock.open_desk(
            self.store, self.lead.reader, ask_secret("Your passphrase")
        ):
            raise StoreProblem("That is not your passphrase. Try again.")

    def line(self, handle: str, action: str) -> Line:
        """Find a whisper by its handle and write down what is about to be done. Raises NotThere."""
        wanted = handle.strip().lower()
        found = [line for line in whisper_desk.queue_of(self.store, self.lead) if wanted and line.id.startswith(wanted)]
        if len(found) != 1:
            raise NotThere
        whisper_desk.record(self.session, self.school, self.lead, found[0].id, action, Clock()())
        self.session.commit()
        return found[0]

    def words(self, table: Any, key: str) -> str:  # noqa: ANN401 (a mapping of phrases)
        return render(table[key], self.school.locale, self.school.zone) if key in table else key

    @property
    def today(self) -> str:
        return self.school.calendar.local_date(Clock()()).isoformat()


@contextmanager
def stores() -> Iterator[tuple[Session, Sealer, WhisperStore, SchoolFacts]]:
    """Give the main store, its key, the whisper store and the school. Raises StoreProblem."""
    settings = read_settings()
    engine, sealer = open_store(settings, make=False)
    store = open_whispers(settings.whisper_url, sealer, make=False)
    try:
        with Session(engine, expire_on_commit=False) as session:
            school = only_school(session)
            if school is None:
                raise StoreProblem("There is no school yet. Run `earshot init` first.")
            yield session, sealer, store, school
    finally:
        store.engine.dispose()
        engine.dispose()


@contextmanager
def at_desk(email: str, *, opened: bool = True) -> Iterator[AtDesk]:
    """Give a lead by e-mail address at their desk, opened with their passphrase where it is locked."""
    with stores() as (session, sealer, store, school):
        key = sealer.blind("email", email.strip().lower())
        staff = session.exec(select(Staff).where(Staff.school_id == school.id, Staff.email_key == key)).first()
        try:
            lead = whisper_desk.lead_of(session, sealer, school, staff)
            at = AtDesk(session, sealer, store, school, lead)
            if opened:
                at.open()
            yield at
        except NotThere:
            raise StoreProblem("There is no such whisper, or it is not for you to read.") from None
        except DeskLocked:
            raise StoreProblem("Your desk is locked. Run the command again with your passphrase.") from None


def ask_secret(words: str) -> str:
    """Ask for a secret without showing it; what is piped in is read line by line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    return str(typer.prompt(words, hide_input=True)).strip()


def ask_new_passphrase() -> str:
    """Ask twice for a new passphrase. Raises StoreProblem when the two differ."""
    first = ask_secret("A new passphrase, four or five words")
    if ask_secret("Once more") != first:
        raise StoreProblem("The two were not the same. Nothing was changed: try again.")
    return first
