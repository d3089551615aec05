"""The doctor's look at reading aloud: it may be left out, so what is missing is said and is no fault."""

from bot import reading_aloud
from bot.finding import Finding
from bot.settings import Settings


def aloud_findings(_settings: Settings) -> list[Finding]:
    """Say whether questions can be read aloud to the youngest, and what to install if not."""
    missing = reading_aloud.missing()
    if missing:
        words = f"Questions are not read aloud; if you wish it, `apt-get install {' '.join(missing)}` and start anew."
    elif not reading_aloud.languages():
        words = "Questions are not read aloud: espeak-ng is there but names no voices. Install espeak-ng-data."
    else:
        words = "Pupils of 8–11 can have a question read aloud."
    return [Finding("reading aloud", True, words)]
