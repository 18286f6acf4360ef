"""One thing that stands in the way of carrying a mapping out."""

from dataclasses import dataclass
from typing import Literal

from wherry.mapping.form import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What is wrong, where, and what to do about it; a warning leaves something out and goes on."""

    code: str
    message: str
    severity: Literal["error", "warning"] = "error"
    mapping: str = ""
    field: str = ""
    place: Place | None = None
    hint: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else f"{self.mapping}: " if self.mapping else ""
        return f"{where}{self.message}"
