"""What has to hold in every configuration: the main job from an empty workspace to a second load."""

from pathlib import Path
from typing import Any

from clinic_journey import MARKER as _MARKER
from clinic_journey import SEED_FILE
from second_opinion.choices import way
from second_opinion.migration import Migration, Second, content


def whole_job(name: str, folder: Path, bundle: Path, *, killed_after: int, **changed: Any) -> Any:
    """Run the main job on one configuration, assert what must hold, and return the last call counts."""
    choices = way(name, **changed)
    with Second(name, SEED_FILE, **changed) as second:
        # Where the recycle bin holds on to names and ids, a second load needs a rollback that leaves none there.
        delete = "forget" if choices.bin_is_unique else "recycle_bin"
        figures = {
            "hour": choices.per_hour,
            "minute": choices.per_minute,
            "delete": delete,
            "settle": choices.lag + 1,
        }
        work = Migration(folder, second, bundle, plan=choices.plan, **figures)
        before = second.records()
        work.prepared()
        _well(work.run("sample", "--size", "40"))
        work.kill("load", killed_after)
        _well(work.run("load"))
        _proved(work.run("reconcile"))
        first = second.dump()
        _once_each(first)
        _taken_back(work.rolled_back())
        assert second.records() == before
        _well(work.run("load"))
        assert content(second.dump()) == content(first)
        assert work.run("audit", "verify")["ok"]
        counts = second.admin("counts")
        assert "429" not in counts["by_status"], counts["refusals"]
        assert counts["most_a_minute"] <= choices.per_minute
        return counts


def _well(status: Any) -> None:
    assert status["state"] == "finished", status
    for stream, states in status["streams"].items():
        told = sum(count for state, count in states.items() if state not in {"read", "unexplained"})
        assert (states["unexplained"], states["pending"]) == (0, 0), stream
        assert told == states["read"], stream


def _proved(proof: Any) -> None:
    assert proof["ok"], proof
    found = proof["streams"]
    for stream, states in found.items():
        assert (states["different"], states["missing"]) == (0, 0), stream
        assert states["found"] == states["expected"], stream
    assert found["patients"]["expected"] > 20
    # The ids that no documented include shows are said to be unreadable, never lost.
    assert found["patients"]["not_readable"] > 0
    assert found["patients"]["not_readable"] <= 3 * found["patients"]["expected"]


def _taken_back(result: Any) -> None:
    buckets = result["buckets"]
    assert result["ok"], result
    assert buckets["kept_edited"] == buckets["blocked"] == buckets["already_gone"] == 0, buckets


def _once_each(dump: Any) -> None:
    """Nothing that was brought there may be there twice: by external id, name and marker."""
    patients = [row["external_id"] for row in dump["contacts"] if row.get("external_id")]
    texts = [row.get("description", "") for name in ("tasks", "appointments", "notes") for row in dump[name]]
    marks = [text.rpartition("[aerona:")[2] for text in texts if text.endswith("]") and "[aerona:" in text]
    files = [_MARKER.findall(row["name"])[-1] for row in dump["files"]]
    deals = [row["custom_field"].get("cf_source_system_id_c") or row["id"] for row in dump["deals"]]
    for one in (patients, marks, files, deals, [row["name"] for row in dump["sales_accounts"]]):
        assert len(one) == len(set(one))
    assert marks
    assert files
