"""Our own memory: what was attempted, what is there, what waits, and how much quota is left.

`open_store()` is the way in; everything behind it speaks in model nouns.
"""

from wherry.store.opening import Store, open_store
from wherry.store.seal import Keys

__all__ = ["Keys", "Store", "open_store"]
