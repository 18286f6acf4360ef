"""The whole load of a prepared workspace, engine and ledger as they are, against a destination that only says yes.

`python benchmarks/dry_load.py WORKSPACE` enlists every record, sends every write, and prints the figures.
Started by scale.py; the emulator is only asked what it looks like. What the destination holds is not kept, so the memory is the product's.
"""

import hashlib
import json
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wherry.app.durable import carry_through
from wherry.app.runs import _states, ensure_unassigned, make_hands
from wherry.app.situation import gather
from wherry.app.workspace import Workspace
from wherry.model.catalog import Privacy
from wherry.model.diff import Observed
from wherry.model.operation import Operation
from wherry.model.ports import JobProgress, Written
from wherry.model.run import RunKind, RunState
from wherry.planning.order import link_streams, stream_order

BULK = frozenset({"contacts", "sales_accounts"})


class Yes:
    """Takes every write and forgets it; an id follows from the operation alone."""

    def __init__(self) -> None:
        self.writes = 0
        self.lock = threading.Lock()

    def write(self, operation: Operation) -> Written:
        with self.lock:
            self.writes += 1
        return Written(destination_id=_id(operation), after=operation.fields)

    def bulk(self, operation: Operation) -> bool:
        return operation.stream in BULK

    def submit(self, operations: Sequence[Operation]) -> str:
        with self.lock:
            self.writes += len(operations)
        return operations[0].id

    def progress(self, _job: str) -> JobProgress:
        return JobProgress(done=True, failures={})

    def find(self, operations: Sequence[Operation]) -> Mapping[str, Observed]:
        return {
            one.id: Observed(stream=one.stream, id=_id(one), fields=dict(one.fields), links={})
            for one in operations
        }

    def fetch(self, *_: Any, **__: Any) -> Iterator[Observed]:
        return iter(())

    def scan(self, *_: Any) -> Iterator[Observed]:
        return iter(())


def _id(operation: Operation) -> int:
    return int.from_bytes(hashlib.sha256(operation.id.encode()).digest()[:6], "big")


def main() -> None:
    ws = Workspace.open(Path(sys.argv[1]))
    unlocked = frozenset(Privacy)
    situation = gather(ws, ws.destination.describe(), unlocked)
    there: Any = Yes()
    hands = replace(make_hands(ws, situation, unlocked), destination=there)
    links = link_streams(situation.mappings.active)
    run = ws.ledger.begin(RunKind.LOAD, ws.plan().digest, {"dry": "yes"})
    began = time.monotonic()
    ws.ledger.enlist(run.id, _states(situation.snapshot.fates(), situation, links, None))
    enlisted = time.monotonic()
    ensure_unassigned(hands, run.id, situation.unassigned())
    carry_through(ws, hands, run.id, stream_order(situation.mappings.active))
    ws.ledger.finish(run.id, RunState.FINISHED)
    lines = {name: one for name, one in ws.ledger.counts(run.id).items() if not name.startswith("link.")}
    landed = sum(
        number for one in lines.values() for state, number in one.states.items() if state == "created"
    )
    sent = time.monotonic() - enlisted
    print(
        json.dumps(
            {
                "records": sum(one.read for one in lines.values()),
                "created": landed,
                "writes": there.writes,
                "unexplained": sum(one.unexplained for one in lines.values()),
                "enlist_seconds": round(enlisted - began, 1),
                "send_seconds": round(sent, 1),
                "records_a_second": round(landed / sent),
            }
        )
    )
    ws.close()


if __name__ == "__main__":
    main()
