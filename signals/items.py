"""What is asked, as the filter needs it: for each item the series it speaks of and its likelihood on the grid.

There are nine series: four factors, each in two contexts (numbers 0 to 7: twice the factor's number, plus one outside
school), and how things are (STATE, 8, high is well). The likelihood is worked out once an item set, for every option
and every leaning of STYLES. An item set belongs to a version of the item bank, as a check-in does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from signals.grid import GRID
from signals.responses import ItemModel, by_style, information

Array = NDArray[np.float64]
Whole = NDArray[np.intp]

STATE = 8
MOST_OPTIONS = 5

LEANS = (-0.8, -0.4, 0.0, 0.4, 0.8)
STRETCHES = (0.65, 1.0, 1.45)
STYLES = tuple((lean, stretch) for lean in LEANS for stretch in STRETCHES)
"""Each pupil's own leaning: towards the last option (logits), and to extremes (below 1) or the middle (above)."""

# A pupil's leaning before anything is known: most lean little. Normal with SD 0.45; extremes and middle a fifth each.
_LEAN_WEIGHT = np.exp(-0.5 * (np.array(LEANS) / 0.45) ** 2)
USUAL_STYLES: Array = np.outer(_LEAN_WEIGHT / _LEAN_WEIGHT.sum(), [0.2, 0.6, 0.2]).ravel()

# Until a school has enough answers to fit its own, every item is taken to be an ordinary one.
USUAL_FIVE = (1.6, (-1.5, -0.5, 0.5, 1.5))
USUAL_THREE = (1.6, (-0.7, 0.7))


def usual_item(options: int, direction: int) -> ItemModel:
    """Suppose an ordinary item with three or five options (others are spread evenly between -1.5 and 1.5)."""
    slope, steps = USUAL_THREE if options == 3 else USUAL_FIVE
    if options not in (3, 5):
        steps = tuple(np.linspace(-1.5, 1.5, max(options - 1, 1)).tolist())
    return ItemModel(slope, steps, direction)


@dataclass(frozen=True, eq=False)
class ItemSet:
    """The items of one bank version in one wording; arrays run over items, in the order of `ids`, then "unknown".

    `series` (items + 1,) is 0 to 8; `options` (items + 1,) how many; `likelihood` (items + 1, 5, styles, 61), all ones
    for the unknown item and for options that an item does not have; `tells` (items + 1, 61) is the information.
    """

    ids: tuple[str, ...]
    series: Whole
    options: Whole
    direction: Whole
    likelihood: Array
    tells: Array

    def number(self, id: str) -> int:
        """Number of an item; that of the unknown item (the last) for one that is not in the set."""
        return self.numbers.get(id, len(self.ids))

    @cached_property
    def steering(self) -> tuple[tuple[int, int, int], ...]:
        """Number, series and direction of each item that is not about how things are."""
        rows = zip(self.series[:-1].tolist(), self.direction[:-1].tolist(), strict=True)
        return tuple((number, series, way) for number, (series, way) in enumerate(rows) if series != STATE)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each item by its id."""
        return {id: number for number, id in enumerate(self.ids)}


def item_set(items: Mapping[str, tuple[int, ItemModel]]) -> ItemSet:
    """Work out an item set from each item's series and model; one that is not usable says nothing."""
    count = len(items)
    likelihood = np.ones((count + 1, MOST_OPTIONS, len(STYLES), len(GRID)))
    tells = np.zeros((count + 1, len(GRID)))
    for number, (_, model) in enumerate(items.values()):
        if not 2 <= model.options <= MOST_OPTIONS:
            continue
        likelihood[number, : model.options] = by_style(model, GRID, STYLES).transpose(2, 0, 1)
        tells[number] = information(model, GRID)
    return ItemSet(
        tuple(items),
        np.array([series for series, _ in items.values()] + [STATE], dtype=np.intp),
        np.array([model.options for _, model in items.values()] + [1], dtype=np.intp),
        np.array([model.direction for _, model in items.values()] + [1], dtype=np.intp),
        likelihood,
        tells,
    )
