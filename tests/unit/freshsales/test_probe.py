from typing import Any

import httpx2
import pytest

from wherry.connectors.freshsales import open_destination
from wherry.model.errors import SettingsInvalid


def answer(date: str) -> httpx2.Response:
    return httpx2.Response(200, json={"users": [{"id": 1}]}, headers={"Date": date})


@pytest.mark.parametrize(
    ("date", "ok"), [("Mon, 02 Mar 2026 10:00:30 GMT", True), ("Mon, 02 Mar 2026 09:50:00 GMT", False)]
)
def test_a_fit_destination_passes_and_the_clock_is_compared(api: Any, date: str, ok: bool) -> None:
    api.on("GET /selector/owners", answer(date))
    checks = {check.code: check for check in api.destination.probe()}
    assert {code for code, check in checks.items() if check.ok} >= {
        "destination.reachable",
        "destination.key",
        "destination.plan",
    }
    assert checks["destination.clock"].ok is ok
    assert bool(checks["destination.clock"].hint) is not ok
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ((401, {"message": "Incorrect or expired API key"}), "destination.key"),
        (httpx2.ConnectError("x"), "destination.reachable"),
        (httpx2.Response(302, headers={"Location": "https://x"}), "destination.reachable"),
        (httpx2.Response(200, html="<p>login</p>"), "destination.reachable"),
    ],
)
def test_an_unfit_destination_is_one_finding_with_a_remedy(api: Any, reply: Any, code: str) -> None:
    api.on("GET /selector/owners", reply)
    (check,) = api.destination.probe()
    assert (check.code, check.ok) == (code, False)
    assert check.hint


def test_a_plan_without_custom_fields_is_told(api: Any) -> None:
    api.plan = "free"
    api.on("GET /selector/owners", answer(""))
    checks = {check.code: check.ok for check in api.destination.probe()}
    assert checks["destination.plan"] is False


@pytest.mark.parametrize("url", ["acme.myfreshworks.com", "ftp://x.example", "", "https://x.example/?a=b"])
def test_an_address_that_cannot_be_is_refused_before_any_call(api: Any, url: str) -> None:
    with pytest.raises(SettingsInvalid):
        open_destination(url, "k", "pro", api.budget, api.clock)


@pytest.mark.parametrize("key", ["", "  ", "two words", "käse", "line\nbreak"])
def test_a_key_that_cannot_be_is_refused_without_being_shown(api: Any, key: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        open_destination("https://acme.example/crm/sales", key, "pro", api.budget, api.clock)
    assert not key.strip() or key not in str(caught.value)


def test_the_key_shows_in_no_repr(api: Any) -> None:
    with open_destination(
        "https://acme.example/crm/sales/api/", "s3cret", "pro", api.budget, api.clock
    ) as made:
        assert "s3cret" not in repr(made)
