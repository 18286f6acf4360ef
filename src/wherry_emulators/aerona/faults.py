"""What goes wrong, as rules: which calls, and how."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wherry_emulators.process import SettingError

KINDS = {
    "status": "The call is answered with `status` (500).",
    "reset": "The answer is cut off in the middle.",
    "html": "An HTML page with `status` (200) in place of the answer.",
    "dead_token": "All tokens end, and the call is a 401: another program has overdrawn the limit.",
    "empty": "A list says that it holds nothing.",
    "renamed": "A list shows the field `field` under the name `to`.",
    "extra": "A list shows a field `field` that nobody knows.",
    "shrunk": "A list lacks its first record from this call on, as if it were deleted meanwhile.",
}


@dataclass(slots=True)
class Rule:
    """One fault: calls whose path ends with `path`, from the `nth` on, `times` times."""

    kind: str
    path: str = ""
    nth: int = 1
    times: int = 1
    status: int = 500
    field: str = ""
    to: str = ""
    matched: int = 0

    def fires(self, path: str) -> bool:
        """Count a call and return whether the fault strikes it."""
        if self.path and not path.endswith(self.path):
            return False
        self.matched += 1
        return self.nth <= self.matched < self.nth + self.times


def read_faults(text: str) -> list[Rule]:
    """Read rules from JSON, or from a file of it; SettingError when they cannot be used."""
    try:
        found: Any = json.loads(
            text if text.lstrip().startswith("[") else Path(text).read_text(encoding="utf-8")
        )
        rules = [Rule(**one) for one in found]
    except (OSError, ValueError, TypeError) as error:
        raise SettingError(f"faults cannot be read: {error}") from error
    wrong = [rule.kind for rule in rules if rule.kind not in KINDS]
    if wrong:
        raise SettingError(f"fault {wrong[0]!r} is none of {', '.join(KINDS)}")
    return rules
