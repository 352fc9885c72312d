"""Every error that this library raises on purpose.

    ApgmsOpsError
    ├── ConfigurationError          the operator's files or options are wrong: exit 4, before any probe starts
    │   ├── EnvironmentInvalid      an environment file, key or section
    │   └── SecretUnreadable        a reference such as env:NAME that leads nowhere
    ├── Unobserved                  it could not be found out: the verdict is UNKNOWN, never PASS, never FAIL
    │   ├── DeadlineExceeded        the total time budget is over
    │   ├── Unreachable             refused, reset, no such host, TLS broken: nobody answered
    │   ├── AccessDenied            somebody answered, and refused us
    │   ├── RateLimited             asked to wait for longer than the deadline allows
    │   ├── BadAnswer               an answer that is not of the promised shape
    │   ├── Incomplete              an answer that says itself that something is missing from it
    │   └── WrongTarget             a good answer from a system that is not the pinned one
    ├── EvidenceInvalid             a ledger or an observation that does not verify
    ├── ReportError                 the report could not be drawn; the evidence stays as it is
    └── SandboxError                the embedded platform could not be brought up, broken or healed

The tree is our own, and does not reuse built-in errors, because the plugin turns exceptions into verdicts: an
`OSError` from an unexpected line must read as "could not find out", and so must everything else but `AssertionError`.
"""


class ApgmsOpsError(Exception):
    """The root. Its text is one line that a person can act on."""


class ConfigurationError(ApgmsOpsError):
    """What the operator wrote or asked for cannot be used."""


class EnvironmentInvalid(ConfigurationError):
    """An environment file that is missing, malformed or incomplete; the text names file, key and what was expected."""


class SecretUnreadable(ConfigurationError):
    """A secret's reference leads nowhere; the text names the reference, never a value."""


class Unobserved(ApgmsOpsError):
    """The truth could not be found out. Reads as UNKNOWN, whatever raised it."""


class DeadlineExceeded(Unobserved):
    """The time budget is over; the text says what was being waited for, and for how long."""


class Unreachable(Unobserved):
    """Nobody answered at the address."""


class AccessDenied(Unobserved):
    """The system answered and refused: credentials, scope or permission."""


class RateLimited(Unobserved):
    """The system asked us to come back later than the deadline allows."""


class BadAnswer(Unobserved):
    """The answer is not of the shape that the system promises."""


class Incomplete(Unobserved):
    """The answer is good as far as it goes, and does not go far enough."""


class WrongTarget(Unobserved):
    """The system that answered is not the one that the environment pins."""


class EvidenceInvalid(ApgmsOpsError):
    """Recorded evidence does not verify; the text names the first bad entry."""


class ReportError(ApgmsOpsError):
    """A report could not be drawn; the text says what to do. The run and its evidence stay as they are."""


class SandboxError(ApgmsOpsError):
    """The embedded platform failed; the text says which part, and what to do."""
