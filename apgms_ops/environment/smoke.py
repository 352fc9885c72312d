"""The customer journey: the front door, the synthetic tenant that walks it, and what it is held to."""

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from apgms_ops.environment.kafka import Accepted
from apgms_ops.environment.types import Duration, Expected, Limit, Model, SecretRef, Seq, Text

StepName = Literal[
    "version",
    "no-token",
    "no-second-factor",
    "log-in",
    "forged-token",
    "look-up",
    "employer",
    "paygw",
    "gst",
    "deposit",
    "ledger",
    "pay-too-early",
    "close",
    "pay",
    "pay-again",
    "pay-otherwise",
    "payment",
    "other-tenant",
    "audit",
    "clean-up",
]
"""The steps of the journey, in their order; a step is one or more requests."""

_WEIGHTS: Final = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
_MODULUS: Final = 89


def is_abn(text: str) -> bool:
    """Whether a text is an ABN: 11 digits whose weighted sum, one taken from the first, is a multiple of 89 (ABR)."""
    if len(text) != len(_WEIGHTS) or not (text.isascii() and text.isdecimal()):
        return False
    digits = [int(text[0]) - 1, *map(int, text[1:])]
    return sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=True)) % _MODULUS == 0


def _abn(value: str) -> str:
    if not is_abn(value):
        msg = "expected an ABN: 11 digits whose check digits are right (modulus 89)"
        raise ValueError(msg)
    return value


Abn = Annotated[str, AfterValidator(_abn), Expected("an ABN: 11 digits whose check digits are right (modulus 89)")]
HttpsUrl = Annotated[
    str,
    Field(pattern=r"^https://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[^\s?#]*)?$", max_length=1000),
    Expected("an address such as https://api.example, with https, and without user, password or query"),
]


class Credentials(Model):
    """What somebody logs in with."""

    username: SecretRef
    """User name."""
    password: SecretRef
    """Password."""
    otp_secret: SecretRef
    """The secret of its authenticator (TOTP: SHA-1, 30 s, six digits), in base32."""


class Smoke(Model):
    """The front door, and the synthetic tenant that walks the customer journey through it."""

    base_url: HttpsUrl
    """The front door, as a customer reaches it."""
    ca_file: Text | None = None
    """Certificate authority of the front door, a PEM file; the system's where it is left out."""
    minimum_tls: Literal["1.2", "1.3"]
    """The oldest version of TLS that the front door may speak."""
    organisation: Text
    """The synthetic tenant, as its tokens name it."""
    username: SecretRef
    """User name of the synthetic tenant."""
    password: SecretRef
    """Its password."""
    otp_secret: SecretRef
    """The secret of its authenticator (TOTP: SHA-1, 30 s, six digits), in base32."""
    other_tenant: Credentials
    """Another synthetic tenant, which must see nothing of what the first one does."""
    legal_name: Text
    """What the synthetic employer is called; the walk's own id is put behind it."""
    abns: Annotated[Seq[Abn], Field(min_length=1)]
    """Numbers that the platform holds for synthetic; a walk takes one to itself, so as many can walk at once."""
    bank: Text
    """What a payment must name as its bank: one that moves nothing."""
    abandoned_after: Limit[Duration]
    """How long a synthetic employer may be there before its walk counts as dead, and is cleaned up after."""
    duration: Limit[Duration]
    """How long the whole walk may take."""
    step_limit: Limit[Duration]
    """How long a request of a step may take, unless `step_limits` names the step."""
    step_limits: dict[StepName, Limit[Duration]] = Field(default_factory=dict)
    """The same, of single steps."""
    acknowledgement: Limit[Duration]
    """How long a payment may take until it is acknowledged and reconciled."""
    audit: Limit[Duration]
    """How long it may take until the audit log tells of every step."""
    token_lifetime: Limit[Duration]
    """How long a token may live."""
    clock_skew: Limit[Duration]
    """How far the clocks of the platform may be off ours."""
    accepted_residue: Seq[Accepted] = ()
    """Synthetic numbers that may be left over for a while, with a reason and an end: a payment that is stuck, say."""

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        twice = sorted({abn for abn in self.abns if self.abns.count(abn) > 1})
        if twice:
            msg = f"abns: {', '.join(twice)} more than once: two walks would share it"
            raise ValueError(msg)
        return self

    @property
    def where(self) -> str:
        """Its address, for people."""
        return self.base_url

    @property
    def credentials(self) -> Credentials:
        """What the synthetic tenant logs in with."""
        return Credentials(username=self.username, password=self.password, otp_secret=self.otp_secret)

    def limit_of(self, step: str) -> Limit[timedelta]:
        """Return how long a request of a step may take."""
        return next((limit for name, limit in self.step_limits.items() if name == step), self.step_limit)
