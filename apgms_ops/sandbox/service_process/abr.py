"""The stand-in of the Australian Business Register: what it knows of a few businesses that do not exist."""

import threading
import time
from typing import Final

from apgms_ops.sandbox.service_process.frame import Frame
from apgms_ops.sandbox.service_process.message import Refused, Request, Response, reply
from apgms_ops.sandbox.service_process.switches import Spec
from apgms_ops.sandbox.service_process.tenants import CUSTOMERS, SYNTHETIC

SWITCHES: Final = Spec(flags=("hang",), delays=("delay_ms",))
_WORK: Final = 0.015
"""Seconds that an answer takes in good times."""
_BUSINESSES: Final = {
    **{abn: ("active", legal_name) for abn, legal_name in CUSTOMERS.items()},
    **dict.fromkeys(SYNTHETIC, ("active", "Synthetic Employer Pty Ltd")),
    "11000000948": ("cancelled", "Former Traders Pty Ltd"),
}
_HANGING: Final = 600.0
_POLL: Final = 0.1


def build(frame: Frame) -> None:
    """Add the one route."""

    def look_up(request: Request) -> Response:
        began = time.monotonic()
        while frame.switches.on("hang") and time.monotonic() - began < _HANGING:
            pause.wait(_POLL)
        pause.wait(_WORK + frame.switches.seconds("delay_ms"))
        found = _BUSINESSES.get(request.values["abn"])
        if found is None:
            raise Refused(404, "abn_unknown", "the register knows no business of that number")
        status, legal_name = found
        return reply(200, {"abn": request.values["abn"], "status": status, "legalName": legal_name})

    pause = threading.Event()
    frame.at_end(pause.set)
    frame.route("GET", "/abn/{abn}", look_up, (404,))
