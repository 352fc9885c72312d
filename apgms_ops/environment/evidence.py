"""The evidence of an environment's runs: who signs it, who dates it, where it is kept and for how long."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated, Self

from pydantic import Field, model_validator

from apgms_ops.environment.smoke import HttpsUrl
from apgms_ops.environment.types import Duration, Expected, Limit, Model, Name, SecretRef, Seq, Text, Zoned

YEAR = timedelta(days=365)

Prefix = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9._\-]+(/[A-Za-z0-9._\-]+)*$", max_length=200),
    Expected('the beginning of a name, such as "runs" or "evidence/runs", without / around it'),
]

KeyUri = Annotated[
    str,
    Field(
        pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*|(file|awskms|gcpkms|azurekms|hsm):[^\s\x00-\x1f\x7f]+)$", max_length=1000
    ),
    Expected(
        'a reference to a private key: "env:NAME", "file:/path", or an "awskms:", "gcpkms:", "azurekms:" or "hsm:" URI'
    ),
]
"""Where the key is; the key itself is never written here."""
AuthorityUrl = Annotated[
    str,
    Field(pattern=r"^https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?(/[^\s?#]*)?$", max_length=1000),
    Expected("an address such as https://tsa.example/tsr"),
]


FullName = Annotated[
    str,
    Field(pattern=r"^[A-Za-z0-9-]{1,39}/[A-Za-z0-9_.-]{1,100}$"),
    Expected("a repository with its owner, such as apgms/apgms-ops"),
]


class TrustedKey(Model):
    """A public key that may seal runs of this environment, and when it may."""

    name: Name
    """What the key is called."""
    public_key: Text
    """PEM file of the public key; relative to the environment file's folder."""
    start: Zoned = Field(alias="from")
    """First moment at which it may seal."""
    end: Zoned = Field(alias="to")
    """First moment at which it may not seal any more: it is rotated out."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.start >= self.end:
            msg = "`from` must be before `to`"
            raise ValueError(msg)
        return self

    def in_force(self, at: datetime) -> bool:
        """Whether it may seal at `at` (aware)."""
        return self.start <= at < self.end


class Authority(Model):
    """A timestamp authority (RFC 3161)."""

    url: AuthorityUrl
    """Where it is asked. Plain http is usual: its answer is signed."""
    ca_file: Text
    """PEM file of the certificates that its answers must lead to; relative to the environment file's folder."""


class Archive(Model):
    """A bucket with Object Lock, in which sealed runs are kept: `apgms-ops evidence push`."""

    url: HttpsUrl | None = None
    """The S3 endpoint; AWS's own for the region where it is left out."""
    region: Text
    """The bucket's region."""
    bucket: Text
    """The bucket; versioned, with Object Lock."""
    prefix: Prefix = "runs"
    """What the objects' names begin with; the environment's name follows."""
    access_key_id: SecretRef
    """Access key id: of somebody who may read and add, and no more."""
    secret_access_key: SecretRef
    """Secret access key."""
    ca_file: Text | None = None
    """Certificate authority of the endpoint, a PEM file; the system's where it is left out."""
    since: Zoned | None = None
    """Runs sealed before then need not be there; all must be where it is left out."""
    within: Limit[Duration]
    """How soon after it was sealed a run must be there."""
    retention: Limit[Duration]
    """How long it must be kept, from when it was sealed: 12 months at least."""

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        if self.retention.value < YEAR:
            msg = "retention: the DSP OSF asks for 12 months at least (365d)"
            raise ValueError(msg)
        return self


class Identity(Model):
    """Who vouches for who runs the checks: the issuer of the identity tokens of GitHub Actions (OpenID Connect)."""

    issuer: HttpsUrl
    """Who signs the tokens, by its address: `https://token.actions.githubusercontent.com`."""
    repository: FullName
    """The repository of the checks, whose jobs run them."""
    callers: Seq[FullName] = ()
    """Repositories whose pipelines call workflows of that one, such as the release gate."""
    required: bool = False
    """Whether a run of which it is not proven who ran it is an error."""
    ca_file: Text | None = None
    """Certificate authority of the issuer, a PEM file; the system's where it is left out."""
    keys_file: Text | None = None
    """The issuer's public keys (a JWK set) as they were kept: by these alone a verifier calls it proven."""


class Evidence(Model):
    """What makes evidence of this environment's runs."""

    require_seal: bool = False
    """Whether a run that is not sealed is an error, whatever its checks say."""
    key: KeyUri | None = None
    """The private key that seals; without one a run says UNSEALED, and is no evidence."""
    trusted_keys: Seq[TrustedKey] = ()
    """The keys that a verifier believes for this environment."""
    timestamp: Authority | None = None
    """Who says when a seal was made, so that a clock set back shows."""
    chain: Text | None = None
    """Folder in which the sequence of sealed runs is kept; beside the runs where it is left out."""
    identity: Identity | None = None
    """Who vouches for who ran a run; without it that is what the machine says of itself."""
    every: Limit[Duration] | None = None
    """How often a run of the daily checks is to happen: one that did not is an exception."""
    fresh: Limit[Duration] | None = None
    """How old the newest evidence of a control may be."""
    since: Zoned | None = None
    """From when on evidence of controls is asked for; before `fresh` has passed since then, none is missed."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        twice = sorted(name for name, count in Counter(key.name for key in self.trusted_keys).items() if count > 1)
        if twice:
            msg = f"trusted_keys: {', '.join(twice)} more than once"
            raise ValueError(msg)
        if self.require_seal and self.key is None:
            msg = "key: a run must be sealed (require_seal), and no key is named"
            raise ValueError(msg)
        return self
