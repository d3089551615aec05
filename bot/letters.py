"""Letters: a page for each pupil who has not joined, one file for each tutor group, in the language of the family.

Parents and carers get letters of their own, with a code of their own: `bot.parents_letters`.
Each holds a code that works once, as a picture to scan, as letters, and spelled in words that cannot be misread. Codes
are in the letters only; the store keeps hashes, and codes on earlier letters end.
"""

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

from sqlmodel import Session, col, select

from bot import text
from bot.fonts import FONTS
from conversations.flows.help import who_sees_what
from conversations.model import Person, Phrase, say
from conversations.wording import is_young
from scheduling.school import SchoolFacts, facts
from store.invites import LIFETIME, issue, spelled
from store.sealing import Sealer
from store.tables import Binding, Pupil, School, TutorGroup
from store.vault import StoreProblem

TEMPLATE = Path(__file__).with_name("letters.typ")

Progress = Callable[[int, int], None]


class LettersProblem(StoreProblem):
    """The letters cannot be written; the sentence says why and what to do."""


@dataclass(frozen=True)
class Page:
    """What stands on one page, in the reader's language, which may run `leftwards`; `picture` is the QR code as SVG."""

    school: str
    title: str
    for_whom: str
    picture: str
    steps: tuple[str, ...]
    code: str
    spelled: str
    paragraphs: tuple[str, ...]
    foot: str
    language: str
    leftwards: bool


def write_letters(
    session: Session, sealer: Sealer, school: School, folder: Path, bot: str, now: datetime, progress: Progress
) -> int:
    """Issue a code to every pupil without a phone and write the letters into a new folder; returns how many.

    `bot` is the bot's username. `progress` is told groups done and groups in all. The caller commits. Raises
    LettersProblem, with nothing left behind.
    """
    made = facts(school)
    groups = [
        (group, [partial(_letter, session, sealer, made, group, pupil, bot, now) for pupil in pupils])
        for group, pupils in _waiting(session, sealer, school)
    ]
    return write_folder(folder, groups, progress)


def write_folder(
    folder: Path, groups: Sequence[tuple[TutorGroup, Sequence[Callable[[], Page]]]], progress: Progress
) -> int:
    """Write a file for each tutor group into a new folder; returns how many pages there are.

    The folder is there whole or not at all, readable by its owner alone; no page is made when it cannot be, and no
    folder when there is no page.
    """
    if not groups:
        return 0
    if folder.exists():
        raise LettersProblem(f"{folder.name} is there already. Name a new folder: codes on earlier letters end.")
    try:
        # Beside it, so that it can be put in its place at once.
        part = Path(mkdtemp(prefix=".letters-", dir=folder.parent))
    except OSError as error:
        raise LettersProblem(f"{folder.name} cannot be made ({error.strerror}). Name another place.") from None
    try:
        for done, (group, pages) in enumerate(groups):
            progress(done, len(groups))
            _write(part / _file_name(group), [page() for page in pages])
        part.rename(folder)
    except OSError as error:
        raise LettersProblem(f"{folder.name} cannot be written ({error.strerror}). Name another place.") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    progress(len(groups), len(groups))
    return sum(len(pages) for _group, pages in groups)


def _waiting(session: Session, sealer: Sealer, school: School) -> list[tuple[TutorGroup, list[Pupil]]]:
    """The tutor groups by year and name, each with its pupils without a phone, by name."""
    waiting = session.exec(
        select(Pupil, TutorGroup)
        .join(TutorGroup, col(TutorGroup.id) == col(Pupil.group_id))
        .join(Binding, col(Binding.pupil_id) == col(Pupil.id), isouter=True)
        .where(Pupil.school_id == school.id, col(Binding.pupil_id).is_(None), Pupil.status != "left")
        # Whose guardian has check-ins stopped is not invited.
        .where(col(Pupil.held).is_(False))
    ).all()
    groups = {group.id: group for _pupil, group in waiting}
    ordered = sorted(groups.values(), key=lambda group: (group.year, group.name))
    return [
        (group, sorted((one for one, its in waiting if its.id == group.id), key=lambda one: sealer.read(one, "name")))
        for group in ordered
    ]


def _letter(
    session: Session, sealer: Sealer, school: SchoolFacts, group: TutorGroup, pupil: Pupil, bot: str, now: datetime
) -> Page:
    code, name = issue(session, sealer, pupil, now), sealer.read(pupil, "name")
    language = pupil.language if pupil.language in text.languages() else school.locale
    person = Person(
        band="young" if pupil.phase == "young" else "older",
        language=language,
        languages=text.languages(),
        nation=school.nation,
        status="invited",
    )

    return page(
        school,
        bot,
        code,
        language,
        now,
        title=say("Join your school’s check-ins"),
        for_whom=say("For {name}, {group}", name=name, group=group.name),
        paragraphs=(*_what_it_is(person), *who_sees_what(person)),
        foot=say(
            "This code is for one person and works once, until {until}. If you lose this letter, ask your tutor "
            "for a new one: then this one stops working.",
            until=now + LIFETIME,
        ),
    )


def page(
    school: SchoolFacts,
    bot: str,
    code: str,
    language: str,
    now: datetime,
    *,
    title: Phrase,
    for_whom: Phrase,
    paragraphs: tuple[Phrase, ...],
    foot: Phrase,
) -> Page:
    """Put a letter into its reader's language, with its code as a picture, as letters and in words."""

    def put(phrase: Phrase) -> str:
        return text.render(phrase, language, school.calendar.zone, now)

    address = f"t.me/{bot}"
    # Only letters need it, and every other start would pay for it.
    import segno

    # Level Q: a quarter of the picture may be creased or smudged.
    picture = segno.make(f"https://{address}?start={code}", error="q").svg_inline(border=0, scale=4)
    steps = (
        say("Scan this with your phone, and press Start. It opens Telegram."),
        say("Or open {address} in Telegram and type this code:", address=address),
    )
    return Page(
        school=school.name,
        title=put(title),
        for_whom=put(for_whom),
        picture=picture,
        steps=tuple(map(put, steps)),
        code=code,
        spelled=put(say("In words: {words}", words=spelled(code))),
        paragraphs=tuple(map(put, paragraphs)),
        foot=put(foot),
        language=language,
        leftwards=text.runs_right_to_left(language),
    )


def _what_it_is(person: Person) -> tuple[Phrase, ...]:
    if is_young(person):
        return (
            say("What it is: a few short questions about once a week. You tap the answers. You can skip any of them."),
            say("What it is not: it is not a test, and not a way to get help fast."),
            say("You can ask for a grown-up at any time. You can stop at any time, and that is fine."),
        )
    return (
        say("What it is: a check-in of about a minute, about once a week. You tap the answers, and you can skip any."),
        say("What it is not: it is not a test, not a record of marks, and not an emergency service."),
        say("You can ask for an adult at any time, and stop at any time. Stopping never counts against you."),
    )


def _write(path: Path, letters: list[Page]) -> None:
    # As above.
    import typst

    words = json.dumps([asdict(letter) for letter in letters])
    page = typst.compile(TEMPLATE, font_paths=[FONTS], sys_inputs={"letters": words})
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(page)


def _file_name(group: TutorGroup) -> str:
    # A group may be called 7/B or ../7B; its id keeps two such apart.
    plain = "".join(character if character.isalnum() else "-" for character in group.name)
    return f"{plain}.pdf" if plain == group.name else f"{plain}-{group.id.hex[-6:]}.pdf"
