"""The stand-in of PagerDuty, REST v2 and Events v2 over state of its own; it refuses what it does not know."""
