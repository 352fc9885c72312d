"""How verdicts look in pytest's terminal."""

from apgms_ops.verdict import Verdict

MARKUP: dict[str, dict[str, bool]] = {
    "red": {"red": True, "bold": True},
    "yellow": {"yellow": True, "bold": True},
    "green": {"green": True},
    "dim": {"light": True},
    "plain": {},
}
"""Style of a line of the summary → how pytest's terminal draws it."""
LETTERS = {
    Verdict.PASS: ("passed", ".", ("PASS", {"green": True})),
    Verdict.FAIL: ("fail", "F", ("FAIL", {"red": True})),
    Verdict.UNKNOWN: ("unknown", "U", ("UNKNOWN", {"yellow": True})),
    Verdict.SKIPPED: ("skipped", "s", ("SKIPPED", {"yellow": True})),
    Verdict.WAIVED: ("waived", "w", ("WAIVED", {"yellow": True})),
}
"""Verdict → what pytest calls it, its letter, and its word with `-v`."""
