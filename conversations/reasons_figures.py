"""The figures behind a nudge's sentences, for whoever asks why: levels, changes with their intervals, and the sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conversations.bank import FACTORS
from conversations.card import Card
from conversations.model import Phrase, say, say_n
from conversations.reasons import caveat_phrase, factor_name

MIDDLE = 0.67


def figures_card(why: Mapping[str, Any], flag: str) -> Card:
    """Show the figures of a flag (its id in hexadecimal) and how to work it out again; in a modal, after the guard."""
    again = say("To work it out again: {command}", command=f"earshot flag explain {flag}") if "signals" in why else None
    parts = (*figures(why), *((_sum(why),) if "points" in why else ()))
    return Card(say("The figures behind it"), caveat_phrase(why), again, parts=parts)


def figures(why: Mapping[str, Any]) -> tuple[Card, ...]:
    """Put the figures of a flag's stored reasons, strongest first, into parts of a card."""
    if "low" in why:
        return (Card(factor_name(len(FACTORS)), (_first_rule(why),)),)
    return tuple(Card(_about(reason), _lines(reason)) for reason in why.get("reasons", ()))


def level_name(level: float) -> Phrase:
    """Name a level in SD: low, middle or high; beyond 1.28 very low or very high."""
    if level <= -1.28:
        return say("very low")
    if level < -MIDDLE:
        return say("low")
    if level <= MIDDLE:
        return say("middle")
    return say("high") if level < 1.28 else say("very high")


def _about(reason: Mapping[str, Any]) -> Phrase:
    return say("Answering") if reason["code"] == "silence" else factor_name(reason["series"])


def _lines(reason: Mapping[str, Any]) -> tuple[Phrase, ...]:
    size, answered = _size(reason), _answered(reason)
    sure = say("Sure to {percent} in 100.", percent=_percent(reason["chance"]))
    was, now = level_name(reason["was"]), level_name(reason["now"])
    if reason["code"] == "fallen":
        return say("Usual for this pupil: {was}. Of late: {now}.", was=was, now=now), size, sure, answered
    if reason["code"] == "low":
        return say("Of late: {now}, against the middle of pupils.", now=now), size, sure, answered
    if reason["code"] == "polar":
        return say("Of late: {now}, far from the middle.", now=now), sure, answered
    if reason["code"] == "gap":
        return say("In school: {now}. Outside: {was}.", now=now, was=was), sure, answered
    # Flags of the first weeks did not work out how sure their silence was.
    return (answered, sure) if reason["chance"] else (answered,)


def _size(reason: Mapping[str, Any]) -> Phrase:
    # What fell is told as a positive number, so the ends of its interval change places.
    return say(
        "Lower by {change} (likely {lower} to {upper}); 1 is the usual spread among pupils.",
        change=_number(reason["was"] - reason["now"]),
        lower=_number(-reason["upper"]),
        upper=_number(-reason["lower"]),
    )


def _answered(reason: Mapping[str, Any]) -> Phrase:
    return say_n(
        "{answered} of the last {count} check-in answered.",
        "{answered} of the last {count} check-ins answered.",
        reason["asked"],
        answered=reason["answered"],
    )


def _sum(why: Mapping[str, Any]) -> Card:
    points = say("{points} points; the bar was {bar}.", points=_number(why["points"]), bar=_number(why["enter"]))
    chance = say(
        "Of simulated pupils with so many points, {percent} in 100 were at risk or had just changed for the worse.",
        percent=_percent(why["chance"]),
    )
    return Card(say("All together"), (points, chance))


def _percent(chance: float) -> int:
    """Round a chance to hundredths; nothing here is certain."""
    return min(99, max(1, round(100 * chance)))


def _number(value: float) -> str:
    """Write a number with one decimal and, below nought, a minus sign: a hyphen would look like a range's dash."""
    words = f"{value:.1f}"
    return "0.0" if words == "-0.0" else words.replace("-", "\u2212")


def _first_rule(why: Mapping[str, Any]) -> Phrase:
    return say_n(
        "{low} of the last {window} “how are things” answers were at the low end of this pupil’s own range "
        "(compared with {count} earlier answer).",
        "{low} of the last {window} “how are things” answers were at the low end of this pupil’s own range "
        "(compared with {count} earlier answers).",
        why["baseline"],
        low=why["low"],
        window=why["window"],
    )
