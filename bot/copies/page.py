"""A person's copy as one page that needs nothing else: in words, in one language, with the same as data inside it."""

import html
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from bot import text
from bot.copies.acts import did_words
from bot.copies.gathering import Kept, Look, as_data
from bot.copies.words import DAMAGED, SECTIONS, Section, Told
from conversations.model import Phrase, say, verbatim

_STYLE = (
    "body{font:16px/1.5 sans-serif;margin:2em auto;padding:0 1em;max-width:45em;color:#1a1a1a;background:#fff}"
    "dl{margin:0;padding:.6em 0;border-bottom:1px solid #767676}"
    "dt{font-weight:bold}dd{margin:0;margin-inline-start:1em}"
    "table{border-collapse:collapse}th,td{text-align:start;vertical-align:top;padding:.2em 1em .2em 0}"
)


@dataclass(frozen=True)
class Form:
    """How one kind of person's page is told: sections, whom to tell of what is wrong, words and titles."""

    sections: Mapping[str, Section]
    not_right: Phrase
    did: Callable[[str], Phrase]
    looks: Phrase = field(default_factory=lambda: say("Who looked at something of yours"))
    title: Phrase = field(default_factory=lambda: say("What is kept about you"))


PUPIL_FORM: Final = Form(SECTIONS, say("Is something not right? Tell your tutor."), did_words)


def as_page(kept: Kept, form: Form = PUPIL_FORM) -> str:
    """Write what was gathered as a page in the language it was gathered in."""
    # "<" cannot end the script it stands in when it is written so; it is the same JSON.
    data = json.dumps(as_data(kept), ensure_ascii=False, indent=1).replace("<", "\\u003c")
    direction = "rtl" if text.runs_right_to_left(kept.language) else "ltr"
    title = _words(kept, form.title)
    heading = _words(kept, say("What {school} keeps in Earshot about {name}", school=kept.school, name=_name(kept)))
    opening = (
        say("Made on {when}.", when=_moment(kept, kept.made)),
        form.not_right,
        say("All of it, and what only the program uses, is in this file as data (JSON) too."),
    )
    parts = [
        f'<!doctype html>\n<html lang="{html.escape(kept.language)}" dir="{direction}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<title>{title}</title><style>{_STYLE}</style></head><body><h1>{heading}</h1>",
        f"<p>{'<br>'.join(_words(kept, one) for one in opening)}</p>",
        *(
            part
            for name, section in form.sections.items()
            for part in _section(kept, section, kept.tables.get(name, ()))
        ),
        *_looks(kept, form),
        f'<script type="application/json" id="data">{data}</script></body></html>',
    ]
    return "\n".join(parts) + "\n"


def _section(kept: Kept, section: Section, rows: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    if section.title is None or not rows:
        return
    yield f"<h2>{_words(kept, section.title)}</h2>"
    if section.note is not None:
        yield f"<p>{_words(kept, section.note)}</p>"
    for row in rows:
        told = (
            f"<dt>{_words(kept, column.label)}</dt>" + "".join(f"<dd><bdi>{line}</bdi></dd>" for line in lines)
            for name, column in section.columns.items()
            if column is not None and name in row and (lines := _lines(kept, name, column, row[name]))
        )
        yield f"<dl>{''.join(told)}</dl>"


def _lines(kept: Kept, name: str, column: Told, value: Any) -> list[str]:  # noqa: ANN401 (JSON)
    """Put a value into lines."""
    if value == DAMAGED:
        return [_unreadable(kept)]
    if isinstance(value, datetime):
        return [html.escape(_moment(kept, value))]
    if isinstance(value, date):
        return [html.escape(text.dated_day(value, kept.language))]
    if column.words is not None:
        return [_words(kept, phrase) for phrase in column.words(value)]
    if name == "language":
        return [html.escape(text.language_name(str(value), kept.language))]
    if isinstance(value, list):
        return [line for one in value for line in _listed(kept, one)]
    return [html.escape(str(value))]


def _listed(kept: Kept, one: Any) -> Iterator[str]:  # noqa: ANN401 (JSON)
    if isinstance(one, tuple):
        question, answer = one
        yield f"{_words(kept, question)}<br><b>{_words(kept, answer)}</b>"
    else:
        yield html.escape(str(one))


def _looks(kept: Kept, form: Form) -> Iterator[str]:
    if not kept.looks:
        return
    head = (say("When"), say("Who"), say("What they did"))
    yield f"<h2>{_words(kept, form.looks)}</h2><table><tr>"
    yield "".join(f'<th scope="col">{_words(kept, one)}</th>' for one in head) + "</tr>"
    yield from (_look(kept, look, form) for look in kept.looks)
    yield "</table>"


def _look(kept: Kept, look: Look, form: Form) -> str:
    cells = (html.escape(_moment(kept, look.at)), _words(kept, look.who), _words(kept, form.did(look.did)))
    return "<tr>" + "".join(f"<td><bdi>{cell}</bdi></td>" for cell in cells) + "</tr>"


def _name(kept: Kept) -> Phrase:
    return say("This can no longer be read.") if kept.name == DAMAGED else verbatim(kept.name)


def _unreadable(kept: Kept) -> str:
    return _words(kept, say("This can no longer be read."))


def _moment(kept: Kept, at: datetime) -> str:
    return text.dated(at, kept.language, kept.zone)


def _words(kept: Kept, phrase: Phrase) -> str:
    return html.escape(text.render(phrase, kept.language, kept.zone))
