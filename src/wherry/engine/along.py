"""What goes with the record that it belongs to: the ledger says so, and no call is needed."""

from wherry.model.ledger import Attempt, Confirmed, Event, Intended
from wherry.model.operation import Operation, Verb

LINES, DEALS = "deal_products", "deals"  # what is attached to a deal is gone with it
ALONG = {"targetable": "it goes with its contact", "deal": "it goes with its deal"}  # by relation


def gone_along(run: str, attempt: Attempt) -> list[Event]:
    """Return what the ledger is told of a write whose record went with another: a later load makes it anew."""
    operation = attempt.operation
    undo = Operation(
        id=f"{run}:undo:{operation.id}",
        verb=Verb.DELETE,
        stream=operation.stream,
        key=operation.key,
        part=operation.part,
        fields={},
        links=operation.links,
        marker=operation.marker,
        destination_id=attempt.destination_id,
        before=dict(operation.fields),
        undoes=operation.id,
    )
    return [
        Intended(operation=undo),
        Confirmed(operation_id=undo.id, destination_id=attempt.destination_id or 0, after={}),
    ]
