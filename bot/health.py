"""Health: what whoever watches the machine is told."""

from collections.abc import Iterable

import structlog

log = structlog.get_logger()


class Refusals:
    """What the networks refuse just now: each is told once in the log, and in the health until it is mended."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}

    @property
    def problems(self) -> list[str]:
        return list(self._now.values())

    def tell(self, what: str, sentence: str) -> None:
        """Note that `what` is refused, in a sentence that says what to do."""
        if self._now.get(what) != sentence:
            log.error(sentence)
        self._now[what] = sentence

    def mended(self, what: str) -> None:
        """Note that `what` is accepted."""
        if self._now.pop(what, None) is not None:
            log.info("accepted after all", what=what)

    def forget(self) -> None:
        """Note nothing more: another process asks from now on."""
        self._now.clear()


def problems_of(
    ended: Iterable[str],
    since_pass: float,
    *,
    auditor_is_late: bool,
    since_round: float = 0.0,
    since_store: float = 0.0,
) -> list[str]:
    """Say what is wrong: parts that have ended, and what has not been for too long.

    In seconds: since the ticker's last pass, whispers' last round, and since a shared database was lost.
    """
    problems = [f"{name} has ended" for name in ended]
    if since_store > 10:
        problems.append("the database has been out of reach for ten seconds")
    if since_pass > 60:
        problems.append("no due work was looked at for a minute")
    if since_round > 300:
        problems.append("no round of whispers was done for five minutes")
    if auditor_is_late:
        problems.append("the auditor has not passed for fifteen minutes")
    return problems
