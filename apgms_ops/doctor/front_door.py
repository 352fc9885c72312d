"""The front door, examined: what answers there, through which TLS, and by whose clock. It logs nobody in."""

import secrets
from typing import TYPE_CHECKING, Final

from apgms_ops.clients.gateway.front_door import Label
from apgms_ops.doctor.findings import Permission, Told
from apgms_ops.environment.model import Smoke

if TYPE_CHECKING:
    from apgms_ops.deadline import Deadline
    from apgms_ops.estate import Estate
    from apgms_ops.observation import Recorder

_NAME: Final = "version"


def ask(estate: "Estate", _: "Recorder", deadline: "Deadline") -> Told:
    """Return what the front door says of itself.

    Raises:
        Unobserved: It says nothing.
    """
    rules = estate.environment.smoke
    oldest = rules.minimum_tls if isinstance(rules, Smoke) else ""
    label = Label(_NAME, _NAME, f"doctor-{secrets.token_hex(6)}")
    seen, version = estate.front_door.version(label, deadline)
    spoken = (seen.tls or "").removeprefix("TLSv")
    tls = Permission(f"TLS {oldest} or newer", spoken >= oldest, f"it negotiates {seen.tls or 'no TLS'}")
    skew = None if seen.date is None else seen.date - seen.at
    return Told(version=version.version, identity=version.environment, skew=skew, permissions=(tls,))
