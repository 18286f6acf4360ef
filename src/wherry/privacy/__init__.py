"""Sealing: what keeps values unreadable at rest, and whose destroyed key is their end.

AES-256-GCM throughout (the library `cryptography`). One random key for each workspace; keys.py says where
it lies, sealer.py seals values and files with it.
"""

from wherry.model.sealing import Sealer
from wherry.privacy.keys import DataKey, KeyFile, unwrapped, wrapped
from wherry.privacy.sealer import UNSEALED, AesSealer, Destroyed, Unsealed, as_text, scratch_sealer

__all__ = [
    "UNSEALED",
    "AesSealer",
    "DataKey",
    "Destroyed",
    "KeyFile",
    "Sealer",
    "Unsealed",
    "as_text",
    "scratch_sealer",
    "unwrapped",
    "wrapped",
]
