"""Talking to AeronaClinic's API: logged in, within its limit, outside of its maintenance hours."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from wherry.connectors.aerona.api_judge import NotAllowed, NotThere, TokenRefused, judge
from wherry.connectors.aerona.api_profile import Maintenance, Profile
from wherry.connectors.aerona.api_throttle import Throttle
from wherry.connectors.kit.exchange import Effect, Reply
from wherry.connectors.kit.headers import server_time
from wherry.connectors.kit.http import ApiClient, Connection, Param, Transport
from wherry.connectors.kit.redact import log_event
from wherry.model.errors import CredentialsRefused, PreflightFailed, SettingsInvalid, Unavailable
from wherry.model.ports import Clock
from wherry.privacy import Sealer

_EARLY = timedelta(minutes=1)  # a call takes time, and clocks differ
_TRIES = 4  # of one call whose token is refused
SECRETS = ("username", "password", "pin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Where the API is, and who asks. `secret` returns one of SECRETS, or None where nobody keeps it."""

    base_url: str
    secret: Callable[[str], str | None] = field(repr=False)
    folder: Path  # where the count of calls is kept
    clock: Clock
    sealer: Callable[[], Sealer] | None = None  # what seals values that are kept
    transport: Transport | None = None


class Session:
    """One user's conversation; safe to use from several threads. Close it.

    A token is renewed before its time is over. One that is refused all the same was ended by the limit, as
    far as anybody can know from outside: a whole window is waited for before the next login.
    """

    def __init__(self, access: Access, profile: Profile) -> None:
        self.profile = profile
        self._access, self._clock = access, access.clock
        self._token, self._born = "", access.clock.now()
        self._lock = threading.RLock()
        self.refusals = 0
        """How often a token was refused that should have been good."""
        self.skew: float | None = None
        """By how many seconds this machine's clock is ahead of the server's, once it has answered."""
        self._throttle = Throttle(
            access.folder / "calls.json",
            access.clock,
            calls=profile.limit.calls,
            seconds=profile.limit.minutes * 60.0,
            open_from=self._opens,
        )
        self._client = ApiClient(
            Connection(
                base_url=access.base_url,
                changing=self._headers,
                transport=access.transport,
                read_timeout=120.0,
            ),
            budget=self._throttle,
            clock=access.clock,
            judge=partial(judge, login=profile.login),
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def refuse_maintenance(self) -> None:
        """Raise PreflightFailed during maintenance hours: a conversation is not begun then."""
        now = self._clock.now()
        if self._opens(now) > now:
            hours = self.profile.maintenance
            raise PreflightFailed(
                f"AeronaClinic is under maintenance from {hours.begin} to {hours.end} ({hours.zone})",
                hint=f"Run the same command again after {hours.end}.",
            )

    def _opens(self, moment: datetime) -> datetime:
        """Return when calls may be sent from then on: by the server's clock, as far as it is known."""
        ahead = timedelta(seconds=self.skew or 0.0)
        return open_from(self.profile.maintenance, moment - ahead) + ahead

    def get(self, path: str, params: Mapping[str, Param] | None = None) -> Reply:
        """Return the answer to a GET; raises what `judge` says."""
        for _ in range(_TRIES):
            token = self._logged_in()
            try:
                reply = self._client.request("GET", path, params=params)
            except TokenRefused:
                self._lost(token)
                continue
            self._note_time(reply)
            return reply
        raise self._never()

    def save(self, path: str, file: IO[bytes]) -> bool:
        """Write what is at a path into a file; False where there is nothing."""
        for _ in range(_TRIES):
            token = self._logged_in()
            file.seek(0)
            file.truncate()
            url = f"{self._access.base_url}/{path}"
            status = self._saved(url, file)
            if status == 401:
                self._lost(token)
                continue
            if status == 403:
                raise NotAllowed(
                    "this user may not read documents",
                    hint="Have the practice give the API user the right to read them.",
                )
            return status == 200
        raise self._never()

    def _saved(self, url: str, file: IO[bytes]) -> int:
        fault: Unavailable | None = None
        for wait in (0.0, 2.0, 20.0):
            self._clock.sleep(wait)
            file.seek(0)
            file.truncate()
            try:
                status = self._client.downloads.save(url, self._headers(), file)
            except Unavailable as error:
                fault = error
                continue
            if status < 500:
                return status
            fault = Unavailable(f"AeronaClinic answers a document with status {status}")
        raise fault or Unavailable("AeronaClinic did not send a document")

    def _headers(self) -> dict[str, str]:
        """Return the token's header; a call may have waited for the limit until its token became old."""
        with self._lock:
            if self._token and self._old():
                self._log_in()
            return {self.profile.login.token_header: self._token} if self._token else {}

    def _logged_in(self) -> str:
        with self._lock:
            if not self._token or self._old():
                self._log_in()
            return self._token

    def _old(self) -> bool:
        return self._clock.now() - self._born >= timedelta(minutes=self.profile.login.refresh_minutes)

    def _log_in(self) -> None:
        login = self.profile.login
        self._token = ""
        body = {name: self._filled(text) for name, text in login.body.items()}
        try:
            reply = self._client.request("POST", login.path, json=dict(body), effect=Effect.READ)
        except NotThere as error:
            raise PreflightFailed(f"AeronaClinic: {error.message}", hint=error.hint) from None
        self._note_time(reply)
        self._token = reply.headers.get(login.token_header.lower(), "")
        if not self._token:
            raise PreflightFailed(
                f"the login was answered without the header {login.token_header}",
                hint="Check [source] base_url, and login in the profile.",
            )
        self._born = self._clock.now()
        log_event("source.logged_in", "logged in to AeronaClinic")

    def _filled(self, text: str) -> str:
        for name in SECRETS:
            if f"{{{name}}}" not in text:
                continue
            secret = self._access.secret(name)
            if not secret:
                raise SettingsInvalid(
                    f"source.{name} is not set", hint=f"set WHERRY_SOURCE__{name.upper()}, or …_FILE"
                )
            text = text.replace(f"{{{name}}}", secret)
        return text

    def _lost(self, token: str) -> None:
        """Forget a token that was refused, and wait a whole window: at once would only end the next one, too."""
        with self._lock:
            if self._token != token:
                return  # another thread has a new one already
            old, self._token = self._old(), ""
            if old:
                return  # its time was over
            self.refusals += 1
            minutes = self.profile.limit.minutes
            self._throttle.rest(minutes * 60.0)
            log_event("source.token_lost", "the token was refused; waiting a whole window", minutes=minutes)

    def _never(self) -> CredentialsRefused:
        return CredentialsRefused(
            f"AeronaClinic refused {_TRIES} fresh tokens in a row",
            hint="Another program may use the same API user and overdraw its limit: stop it, or ask for a user of its own.",
        )

    def _note_time(self, reply: Reply) -> None:
        seen = server_time(reply.headers)
        if seen is not None:
            self.skew = (self._clock.now() - seen).total_seconds()


def open_from(hours: Maintenance, moment: datetime) -> datetime:
    """Return the first moment from this one on that is outside of the maintenance hours, a minute's margin before."""
    if not hours.begin:
        return moment
    zone = ZoneInfo(hours.zone)
    local = moment.astimezone(zone)
    end = time.fromisoformat(hours.end)
    begin = (datetime.combine(local.date(), time.fromisoformat(hours.begin), tzinfo=zone) - _EARLY).time()
    now = local.time()
    shut = begin <= now < end if begin < end else now >= begin or now < end
    if not shut:
        return moment
    day = local.date() + timedelta(days=now >= end)
    return datetime.combine(day, end, tzinfo=zone)
