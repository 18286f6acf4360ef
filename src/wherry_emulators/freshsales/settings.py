"""The switches in force while the emulator runs: those that were set, under what faults overlay."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from wherry_emulators.freshsales.faults import Faults
from wherry_emulators.freshsales.switches import Switches, with_settings


class Settings:
    """Holds the switches; ``changed`` is told of every new set, so that all parts see the same one."""

    def __init__(self, switches: Switches, faults: Faults) -> None:
        self._given = switches
        self._faults = faults
        self._listeners: list[Callable[[Switches], None]] = []
        self.switches = switches
        self.refresh()

    def listen(self, changed: Callable[[Switches], None]) -> None:
        """Tell this listener of the switches in force, now and at every change."""
        self._listeners.append(changed)
        changed(self.switches)

    def change(self, settings: Mapping[str, Any]) -> None:
        """Change some switches by name; SettingError, and no change, if one is wrong."""
        self._given = with_settings(self._given, settings)
        self.refresh()

    def refresh(self) -> None:
        """Overlay the faults anew: a search_lag rule may lengthen the lag that was set."""
        lag = max(self._given.search_lag_ms, self._faults.search_lag_ms())
        self.switches = replace(self._given, search_lag_ms=lag)
        for changed in self._listeners:
            changed(self.switches)
