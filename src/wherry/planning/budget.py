"""How many API calls a plan needs, and how many hours that takes: arithmetic, printed with its inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from wherry.mapping.labels import MODULE_STREAM
from wherry.model.catalog import Catalog
from wherry.model.operation import LEADS

ROWS_PER_CALL = 100  # rows of a bulk call, and records of a view page
BULK_CALLS = 3  # one to send, one to ask how the job stands, one page to read the ids back
CHILDREN = frozenset({"tasks", "appointments", "notes"})
FILES = "documents"
DEAL_PRODUCTS = "deal_products"
LOOKS = 3  # that a rollback takes: at the preview, when it is confirmed, and before each write
ALONE = frozenset({DEAL_PRODUCTS, "products"})  # read one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """Destination records to be written to one stream; `bulk` of them can go 100 at a time.

    `calls_each` is what one takes that is written by itself: attaching products overwrites a deal's amount,
    so that it is set again.
    """

    writes: int
    bulk: int = 0
    calls_each: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Calls by purpose, per destination stream for the load, and hours under the quota."""

    load_by_stream: Mapping[str, int]
    load: int
    read_back: int
    rollback: int
    hours: float


def calls_each(stream: str) -> int:
    """Return how many calls one write to that stream may take."""
    return 2 if stream == DEAL_PRODUCTS else 1


def load_calls(volume: Volume) -> int:
    """Return the calls that writing this volume takes."""
    single = (volume.writes - volume.bulk) * volume.calls_each
    return single + (ceil(volume.bulk / ROWS_PER_CALL) * BULK_CALLS if volume.bulk else 0)


def forecast(volumes: Mapping[str, Volume], parents: int, catalog: Catalog, reserve: float) -> Forecast:
    """Forecast calls and hours; `parents` is how many contacts have records of their own to be read through."""
    by_stream = {stream: load_calls(volume) for stream, volume in volumes.items()}
    listed = {s: v for s, v in volumes.items() if s not in CHILDREN | ALONE | {FILES}}
    pages = {s: ceil(v.writes / ROWS_PER_CALL) for s, v in listed.items()}
    singly = sum(v.writes for s, v in volumes.items() if s in ALONE)
    children = sum(v.writes for s, v in volumes.items() if s in CHILDREN)
    files = volumes[FILES].writes if FILES in volumes else 0
    # The list of a contact's files is a call of its own, and so is reading the bytes of each.
    read_back = sum(pages.values()) + (parents if children else 0) + min(parents, files) + files + singly
    count = {stream: volume.writes for stream, volume in volumes.items()}
    modules = sum(n for s, n in count.items() if s.startswith(MODULE_STREAM) or s == LEADS)
    goods = singly - count.get(DEAL_PRODUCTS, 0)
    # Modules, leads and products are deleted one by one; what is attached to a deal goes with it.
    destroy = sum(pages.values()) * 2 + children + modules + goods
    # What may hang on a contact or a deal is seen with each alone, and so are a contact's files.
    alone = 2 * count.get("contacts", 0) + count.get("deals", 0) + count.get("appointments", 0) + singly
    look = sum(pages.values()) + (parents if children else 0) + alone
    load = sum(by_stream.values())
    hour = max(1, int(catalog.limits.get("calls_per_hour", 1000) * (1 - reserve)))
    minute = catalog.limits.get("calls_per_minute", 400)
    total = load + read_back
    # A job that fits the hour runs at the minute's limit; what goes beyond waits for the hours.
    hours = total / (minute * 60) if total <= hour else total / hour
    return Forecast(
        load_by_stream=by_stream,
        load=load,
        read_back=read_back,
        rollback=destroy + LOOKS * look,
        hours=round(hours, 2),
    )
