"""What doctor wants to know of the API: host, user, rights, clock; in few calls, and without a record."""

from collections.abc import Iterator

from wherry.connectors.aerona.api_extract import Extractor
from wherry.connectors.aerona.api_judge import NotAllowed, NotThere
from wherry.model.errors import CredentialsRefused, SettingsInvalid, WherryError
from wherry.model.opening import SourceCheck

SKEW_SECONDS = 120
WHAT = {
    "reachable": "AeronaClinic can be reached",
    "login": "the user may log in",
    "clock": "the clocks agree",
    "rights": "the user may read every list",
}


def probe(extractor: Extractor) -> Iterator[SourceCheck]:
    """Yield findings about reachability, login, lists and clock; raises nothing that the API can cause."""
    try:
        extractor.session.refuse_maintenance()
        facts = extractor.facts()
    except WherryError as error:
        user = isinstance(error, CredentialsRefused | SettingsInvalid)
        code = "login" if user else "reachable"
        yield SourceCheck(
            code=f"source.{code}", what=WHAT[code], ok=False, message=error.message, hint=error.hint
        )
        return
    yield SourceCheck(
        code="source.reachable", what=WHAT["reachable"], ok=True, message="AeronaClinic's API answers"
    )
    yield SourceCheck(
        code="source.login",
        what=WHAT["login"],
        ok=True,
        message=f"logged in; the clinic is {facts.get('tenant')}",
    )
    yield _clock(extractor.session.skew)
    yield from _rights(extractor)


def _clock(skew: float | None) -> SourceCheck:
    code, what = "source.clock", WHAT["clock"]
    if skew is None:
        return SourceCheck(code=code, what=what, ok=True, message="the server does not tell its time")
    ok = abs(skew) <= SKEW_SECONDS
    where = "ahead of" if skew > 0 else "behind"
    return SourceCheck(
        code=code,
        what=what,
        ok=ok,
        message=f"this machine's clock is {abs(round(skew))} s {where} the server's",
        hint="" if ok else "Set the clock (NTP): token life, limit and changes are reckoned by it.",
        fatal=False,
    )


def _rights(extractor: Extractor) -> Iterator[SourceCheck]:
    """Yield one finding for each list that cannot be read, or one that all can."""
    count = 0
    for stream, listing in extractor.profile.listed().items():
        try:
            extractor.peek(listing)
        except (NotAllowed, NotThere) as error:
            count += 1
            yield SourceCheck(
                code=f"source.rights.{stream}",
                what=WHAT["rights"],
                ok=False,
                message=error.message,
                hint=error.hint,
                fatal=listing.essential,
            )
        except WherryError as error:
            yield SourceCheck(
                code="source.rights", what=WHAT["rights"], ok=False, message=error.message, hint=error.hint
            )
            return
    if not count:
        yield SourceCheck(
            code="source.rights",
            what=WHAT["rights"],
            ok=True,
            message="every list of the profile can be read",
        )
