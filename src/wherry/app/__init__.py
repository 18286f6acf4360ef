"""The verbs: what the command line and the web page both call."""
