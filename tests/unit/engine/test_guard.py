"""The second privacy guard: what a locked class went into is refused where it would be written."""

from wherry.engine.load import guarded
from wherry.mapping.apply import NoWrite
from wherry.model.operation import Payload
from wherry.model.record import Key
from wherry.model.reject import Reject
from wherry.model.run import RecordState


def note(**classes: frozenset[str]) -> Payload:
    return Payload(
        stream="notes", key=Key("clinical_notes", "7"), fields={"description": "x"}, classes=classes
    )


def test_a_payload_with_a_locked_class_is_refused_although_the_mapping_let_it_through():
    result = guarded((note(description=frozenset({"clinical"})),), frozenset())
    assert isinstance(result, Reject)
    assert (result.reason, result.field) == ("class_locked:clinical", "description")
    assert "--unlock clinical" in result.hint


def test_an_opened_class_passes_and_another_one_does_not():
    payloads = (note(description=frozenset({"clinical", "national_id"})),)
    assert isinstance(guarded(payloads, frozenset({"clinical"})), Reject)
    assert guarded(payloads, frozenset({"clinical", "national_id"})) == payloads


def test_what_is_not_written_needs_no_guard():
    nothing = NoWrite(state=RecordState.FILTERED, reason="class_locked:clinical")
    assert guarded(nothing, frozenset()) is nothing
    assert guarded((note(),), frozenset()) == (note(),)
