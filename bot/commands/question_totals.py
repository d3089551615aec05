"""How a school's own question was answered, as counts of the whole school; a count under five is not shown."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from sqlmodel import Session, col, select

from conversations.model import Band
from conversations.own_questions import OwnQuestion
from store.sealing import Sealer
from store.tables import CheckIn

LEAST = 5


def totals(session: Session, sealer: Sealer, school_id: UUID, question: OwnQuestion) -> Iterator[str]:
    """Give a line for each age and option of a question, over all check-ins that asked it.

    A small count could tell who it was. Where one is left out the sum is left out too, for it would give it away.
    """
    counts = _counts(session, sealer, school_id, question.id)
    for band in ("young", "older"):
        words = question.wording("young" if band == "young" else "older")
        if words is None:
            continue
        its = [counts[words.band, option] for option in range(len(words.options))]
        few = any(0 < count < LEAST for count in its)
        yield f"Ages {'8–11' if band == 'young' else '11–18'}: {'' if few else f'{sum(its)} answers to '}“{words.stem}”"
        for text, count in zip(words.options, its, strict=True):
            # With one cell hidden, a nought beside it would say that nobody else was there.
            yield f"  {text}: {'fewer than 5' if count < LEAST and few else count}"


def _counts(session: Session, sealer: Sealer, school_id: UUID, item: str) -> Counter[tuple[Band, int]]:
    counts: Counter[tuple[Band, int]] = Counter()
    answered = select(CheckIn).where(CheckIn.school_id == school_id, col(CheckIn.answers_sealed).is_not(None))
    for check_in in session.exec(answered.where(col(CheckIn.bank_version).contains("+"))):
        band: Band = "young" if check_in.phase == "young" else "older"
        for asked, option, _ms in sealer.read(check_in, "answers"):
            if asked == item and option is not None:
                counts[band, option] += 1
    return counts
