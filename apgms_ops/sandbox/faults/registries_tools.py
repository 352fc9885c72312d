"""The names of the checks that look at the registries."""

from typing import Final

CHECKS: Final = "checks/service_levels/test_registries.py::"
IN_TIME: Final = f"{CHECKS}test_look_ups_are_answered_in_time"
TIMED: Final = f"{CHECKS}test_every_look_up_is_timed"
RIGHT: Final = f"{CHECKS}test_known_numbers_are_answered_right"
