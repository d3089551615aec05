"""What Welsh says to one person it knows well: ti and dy, verbs of the second person, and orders to one."""

import re
from typing import Final

_PRONOUNS: Final = "ti|tithau|di|dithau|dy"
_VERBS: Final = (
    "[rd]?wyt|oeddet|byddi|fyddi|byddet|fyddet|gelli|elli|gallet|allet|cei|gei|chei|cest|gest|hoffet|medri|fedri|"
    r"gwnei|wnei|\w+aist"
)
_PREPOSITIONS: Final = "arnat|atat|amdanat|danat|drosot|drwot|ohonot|wrthot|ynot|gennyt|hebot|erot|iti"
_ORDERS: Final = (
    "agor|anfon|arhos|chwili|cofi|danfon|darllen|dechreu|dewis|dileu|dywed|edrych|ffoni|gofynn|llofnod|meddyli|"
    "peidi|pwys|sgani|siarad|stopi|tapi|teipi|theipi|trefn|ysgrifenn|phwys|thapi|gwthi"
)
_FAMILIAR: Final = re.compile(
    rf"\b(?:{_PRONOUNS}|{_VERBS}|{_PREPOSITIONS}|(?:{_ORDERS})a|cer|dere|rho|paid|dywed|gad)\b(?!-)|[’']th\b",
    re.IGNORECASE,
)


def familiar(words: str) -> list[str]:
    """List the words that only somebody close, or a child, is spoken to with."""
    return _FAMILIAR.findall(words)
