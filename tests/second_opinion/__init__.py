"""A second, stricter reading of the Freshsales API, for tests; it shares nothing with the emulator of the project."""
