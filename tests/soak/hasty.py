"""`wherry`, but hasty: it takes what a silent worker had begun for lost at once. The control of the freezes."""

from functools import partial
from typing import Any

from wherry.app import runs
from wherry.engine.hands import Pace
from wherry.entrypoints.cli.main import main


def pace(**figures: Any) -> Pace:
    return Pace(**{**figures, "in_flight": 0.0})


if __name__ == "__main__":
    runs.Pace = partial(pace)  # type: ignore[misc,assignment]  # that is the point
    main()
