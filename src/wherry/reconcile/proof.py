"""The figures of a reconcile, added up diff by diff in bounded memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from wherry.model.diff import FieldDiff, Verdict
from wherry.model.run import StreamCounts


@dataclass(slots=True)
class Proof:
    """Counts of one source stream; a record is found when each of its parts is there."""

    expected: int = 0
    found: int = 0
    verdicts: Counter[Verdict] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)

    def add(self, diffs: Sequence[FieldDiff], *, there: bool) -> None:
        """Add one record with all its diffs."""
        self.expected += 1
        self.found += there
        for diff in diffs:
            self.verdicts[diff.verdict] += 1
            if diff.verdict is Verdict.EQUAL_AFTER_RULE:
                self.rules[diff.rule] += 1

    @property
    def compared(self) -> int:
        """How many fields were compared: those that the API showed or should have shown."""
        return sum(self.verdicts.values()) - self.verdicts[Verdict.NOT_READABLE]

    @property
    def ok(self) -> bool:
        """Whether every record was found and no field is different or missing."""
        wrong = self.verdicts[Verdict.DIFFERENT] + self.verdicts[Verdict.MISSING]
        return self.expected == self.found and wrong == 0


def is_discrepancy(diff: FieldDiff) -> bool:
    """Return whether a person has to look at this diff."""
    return diff.verdict in (Verdict.DIFFERENT, Verdict.MISSING)


def unbalanced(counts: Mapping[str, StreamCounts]) -> list[str]:
    """Return the streams whose records do not add up; there must be none."""
    return [name for name, line in counts.items() if line.unexplained != 0]
