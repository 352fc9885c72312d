"""One package a system: `client.py` has the verbs, `facts.py` the frozen data, `parse.py` turns the wire into facts.

Only what speaks to a system may enter. A client reports and never judges; it takes a deadline and records what it read;
clients do not import one another, except `http`.
"""
