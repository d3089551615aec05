"""Why a nudge came, in words: the reason codes and numbers of the signals put into phrases, short and without alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from conversations.bank import FACTORS
from conversations.model import Phrase, say, say_n

MIDDLE = 0.67


def factor_name(series: int) -> Phrase:
    """Name what a series is about: four factors, then how things are."""
    names = (
        say("Telling others about oneself"),
        say("Trust of self"),
        say("Trust of others"),
        say("Seeking change"),
    )
    return names[series] if 0 <= series < len(names) else say("How things are")


def level_name(level: float) -> Phrase:
    """Name a level in SD: low, middle or high; beyond 1.28 very low or very high."""
    if level <= -1.28:
        return say("very low")
    if level < -MIDDLE:
        return say("low")
    if level <= MIDDLE:
        return say("middle")
    return say("high") if level < 1.28 else say("very high")


def sureness(chance: float) -> Phrase:
    """Say how sure, from a chance of 0 to 1."""
    if chance >= 0.95:
        return say("sure")
    return say("fairly sure") if chance >= 0.8 else say("not sure")


def reason_phrases(why: Mapping[str, Any]) -> tuple[Phrase, ...]:
    """Put a flag's stored reasons, strongest first, and its caveat into phrases.

    Reads what `scheduling.scoring` stored ("reasons" and "caveat"), and what the first rule of version 0.1 did.
    """
    if "low" in why:
        return (_first_rule(why),)
    reasons = [_phrase(reason) for reason in why.get("reasons", ())]
    return (*(reasons or [say("Several small things together, none of them strong.")]), _caveat(why.get("caveat", "")))


def action_codes(why: Mapping[str, Any]) -> tuple[str, ...]:
    """Give the codes that suggested actions are chosen by, for a flag's stored reasons, strongest first."""
    if "low" in why:
        return ("low_run",)
    codes = [_action_code(reason) for reason in why.get("reasons", ())]
    if why.get("caveat") == "quick_answers":
        codes.append("rushed")
    return tuple(dict.fromkeys(codes))


def _action_code(reason: Mapping[str, Any]) -> str:
    code, series, now = reason["code"], reason.get("series", len(FACTORS)), reason.get("now", 0.0)
    if code == "fallen":
        return "change_low" if now < reason["was"] else "change_high"
    if code == "polar" and 0 <= series < len(FACTORS):
        return f"{FACTORS[series]}_{'low' if now < 0 else 'high'}"
    return {"gap": "context_gap", "silence": "silence"}.get(code, "low_run")


def _phrase(reason: Mapping[str, Any]) -> Phrase:
    words = {"fallen": _fallen, "low": _low, "polar": _polar, "gap": _gap, "silence": _silence}
    return words[reason["code"]](reason)


def _fallen(reason: Mapping[str, Any]) -> Phrase:
    return say(
        "{what}: {was} → {now} against this pupil’s own usual; change {change} ({lower} to {upper}); {sure}; "
        "{answered} of {asked} answered.",
        what=factor_name(reason["series"]),
        was=level_name(reason["was"]),
        now=level_name(reason["now"]),
        change=_size(reason["now"] - reason["was"]),
        **_ends(reason),
        sure=sureness(reason["chance"]),
        answered=reason["answered"],
        asked=reason["asked"],
    )


def _low(reason: Mapping[str, Any]) -> Phrase:
    return say(
        "{what}: {now}; {change} below the middle of pupils ({lower} to {upper}); {sure}; "
        "{answered} of {asked} answered.",
        what=factor_name(reason["series"]),
        now=level_name(reason["now"]),
        change=_size(reason["now"]),
        **_ends(reason),
        sure=sureness(reason["chance"]),
        answered=reason["answered"],
        asked=reason["asked"],
    )


def _polar(reason: Mapping[str, Any]) -> Phrase:
    return say(
        "{what}: {now}, far from the middle; {sure}.",
        what=factor_name(reason["series"]),
        now=level_name(reason["now"]),
        sure=sureness(reason["chance"]),
    )


def _gap(reason: Mapping[str, Any]) -> Phrase:
    return say(
        "{what}: {now} in school, {was} outside; {sure}.",
        what=factor_name(reason["series"]),
        now=level_name(reason["now"]),
        was=level_name(reason["was"]),
        sure=sureness(reason["chance"]),
    )


def _silence(reason: Mapping[str, Any]) -> Phrase:
    return say_n(
        "Answers less often than is usual for this pupil: {answered} of the last {count} check-in.",
        "Answers less often than is usual for this pupil: {answered} of the last {count} check-ins.",
        reason["asked"],
        answered=reason["answered"],
    )


def _ends(reason: Mapping[str, Any]) -> dict[str, str]:
    ends: Sequence[float] = sorted((-reason["upper"], -reason["lower"]))
    return {"lower": _number(ends[0]), "upper": _number(ends[1])}


def _size(change: float) -> str:
    return _number(-change)


def _number(value: float) -> str:
    """Write a number with one decimal and, below nought, a minus sign: a hyphen would look like a range's dash."""
    words = f"{value:.1f}"
    return "0.0" if words == "-0.0" else words.replace("-", "\u2212")


def _caveat(caveat: str) -> Phrase:
    if caveat == "few_answers":
        return say("But: there are few answers so far.")
    if caveat == "quick_answers":
        return say("But: many answers came very quickly, so they may say little.")
    return say("But: it rests on short taps alone, and shows only what a pupil lets be seen.")


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
