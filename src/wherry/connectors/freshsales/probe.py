"""What doctor wants to know of the destination, in two calls at most."""

from dataclasses import dataclass

from wherry.connectors.freshsales.answers import need_rows
from wherry.connectors.freshsales.failures import BASE_URL_HINT
from wherry.connectors.freshsales.limits import plan_limits
from wherry.connectors.kit.headers import server_time
from wherry.connectors.kit.http import ApiClient
from wherry.model.errors import RecordGone, WherryError
from wherry.model.ports import Clock

SKEW_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding: a stable code, whether it is well, what was found, and what to do about it."""

    code: str
    ok: bool
    message: str
    hint: str = ""


def probe(client: ApiClient, clock: Clock, plan: str) -> list[Check]:
    """Return findings about reachability, key, plan and clock; raises nothing that the API can cause."""
    path = "/selector/owners"  # the cheapest call that needs a valid key [C]
    try:
        reply = client.request("GET", path)
        people = len(need_rows(reply.body, "users", path))
    except WherryError as error:
        if isinstance(error, RecordGone):  # every account has this list: there is no account at that address
            return [Check(code="destination.reachable", ok=False, message=error.message, hint=BASE_URL_HINT)]
        reached = error.code not in {"unavailable", "settings_invalid"}
        code = "destination.key" if reached else "destination.reachable"
        return [Check(code=code, ok=False, message=error.message, hint=error.hint)]
    limits = plan_limits(plan)
    features = ", ".join(sorted(limits.features)) or "none beyond the basic ones"
    checks = [
        Check(code="destination.reachable", ok=True, message="the API answers"),
        Check(code="destination.key", ok=True, message=f"the API key is accepted; {people} users"),
        Check(
            code="destination.plan",
            ok=limits.caps["total"] > 0,
            message=f"plan {plan}: {limits.calls_per_hour} calls an hour; features: {features}",
            hint=""
            if limits.caps["total"]
            else "This plan has no custom fields; original ids cannot be kept.",
        ),
    ]
    seen = server_time(reply.headers)
    if seen is not None:
        skew = round((clock.now() - seen).total_seconds())
        checks.append(
            Check(
                code="destination.clock",
                ok=abs(skew) <= SKEW_SECONDS,
                message=f"this machine's clock is {abs(skew)} s {'ahead of' if skew > 0 else 'behind'} the server's",
                hint="" if abs(skew) <= SKEW_SECONDS else "Set the clock (NTP); delta runs compare moments.",
            )
        )
    return checks
