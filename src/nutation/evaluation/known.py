"""What is known of a joint, in the few words that the model reads."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings of one joint. ``None`` is not known; the order of the blocks has no weight.

    ``blocks`` holds for each readable block the chance that the published series would have called it
    positive: 1 from their threshold on, 0 for one that did nothing, between for relief between.
    """

    battery: bool | None = None
    centralises: bool | None = None
    blocks: tuple[float, ...] = ()

    def with_block(self, weight: float) -> Findings:
        """The findings after one more readable block."""
        return replace(self, blocks=(*self.blocks, weight))
