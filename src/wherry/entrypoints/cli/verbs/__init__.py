"""One short module a verb, imported when it is called."""
