"""Who is let in: nobody without a token, without a second factor, or with a token that nobody signed."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from apgms_ops.environment.model import Smoke
from apgms_ops.environment.types import format_duration
from apgms_ops.errors import Unobserved
from apgms_ops.observation import Findings
from apgms_ops.probes.journey.answers import each, not_answered, shown

if TYPE_CHECKING:
    from apgms_ops.clients.gateway.journey_facts import TokenSeen
    from apgms_ops.probes.journey.facts import Journey

FORGED: Final = ("forged-unsigned", "forged-altered", "forged-without-second-factor")
_CLAIMS: Final = ("iss", "aud", "sub", "org", "roles", "amr", "iat", "exp")
_SECOND_FACTOR: Final = "otp"
_REFUSED: Final = 400
_SHUT: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)


class Access:
    """Judges who was let in."""

    def __init__(self, journey: "Journey") -> None:
        """Take the walk."""
        self._journey = journey

    def without_token(self) -> Findings:
        """Say whether a request without a token was answered.

        Raises:
            Unobserved: It was not made.
        """
        return Findings(not_answered(self._journey.made("no-token"), HTTPStatus.UNAUTHORIZED))

    def forged(self) -> Findings:
        """Say which tokens that nobody signed were taken for good ones.

        Raises:
            Unobserved: None was tried.
        """
        return each(FORGED, self._forged)

    def _forged(self, name: str) -> Iterator[str]:
        seen = self._journey.made(name)
        weak = seen.status == HTTPStatus.FORBIDDEN and seen.fields.get("error") == "mfa_required"
        if not (weak and name.endswith("second-factor")):
            yield from not_answered(seen, HTTPStatus.UNAUTHORIZED)

    def without_second_factor(self) -> Findings:
        """Say whether somebody could log in without the second factor, or with a wrong one.

        Raises:
            Unobserved: It was not tried.
        """
        tried = (("without-otp", "mfa_required"), ("wrong-otp", None))
        return each(tried, lambda one: not_answered(self._journey.made(one[0]), HTTPStatus.UNAUTHORIZED, one[1]))

    def token_wrong(self, rules: Smoke) -> Findings:
        """Say what is wrong with the token.

        Raises:
            Unobserved: There was no log-in.
        """
        seen = self._journey.made("log-in")
        refused = tuple(not_answered(seen, HTTPStatus.OK))
        if refused:
            return Findings(refused)
        token = self._journey.token
        if token is None:
            return Findings((f"{seen.what}: the answer has no accessToken that is a JWT",))
        lifetime = _lives_too_long(token, seen.fields.get("expiresIn"), rules)
        return Findings((*_incomplete(token, rules), *lifetime, *self._outlived(token)))

    def _outlived(self, token: "TokenSeen") -> Iterator[str]:
        """Yield what is wrong, if the token opened something after its end, both by the platform's own clock."""
        for name in self._journey.audited:
            seen = self._journey.exchanges[name]
            over = token.expires_at is not None and seen.date is not None and seen.date > token.expires_at
            if over and seen.status is not None and seen.status not in _SHUT:
                yield f"the token ended at {token.expires_at}, and opened {seen.what} ({name}) at {seen.date}"
                return

    def not_explained(self) -> Findings:
        """Say which refusals do not say why, or not under the correlation id of the request.

        Raises:
            Unobserved: Nothing was refused.
        """
        refused = [
            seen
            for seen in self._journey.exchanges.values()
            if seen.status is not None and _REFUSED <= seen.status < HTTPStatus.INTERNAL_SERVER_ERROR
        ]
        if not refused:
            msg = "nothing was refused: how that is said is not known"
            raise Unobserved(msg)
        found: list[str] = []
        for seen in refused:
            missing = [name for name in ("error", "message") if not isinstance(seen.fields.get(name), str)]
            told = seen.fields.get("correlationId")
            if missing:
                found.append(f"{seen.what} ({seen.name}) was refused ({shown(seen)}) without {' and '.join(missing)}")
            elif told != seen.correlation_id:
                found.append(
                    f"{seen.what} ({seen.name}) was refused under the correlation id {told!r}, "
                    f"and asked under {seen.correlation_id!r}"
                )
        return Findings(found)


def _incomplete(token: "TokenSeen", rules: Smoke) -> Iterator[str]:
    missing = [claim for claim in _CLAIMS if claim not in token.claims]
    if missing:
        yield f"the token lacks {', '.join(missing)}"
    if _SECOND_FACTOR not in token.factors:
        yield f"the token's amr is {', '.join(token.factors) or 'empty'}: it does not tell of a second factor"
    if token.organisation != rules.organisation:
        yield f"the token is of {token.organisation}, not of {rules.organisation}"
    if token.algorithm.lower() == "none":
        yield "the token is not signed (alg none)"


def _lives_too_long(token: "TokenSeen", expires_in: object, rules: Smoke) -> Iterator[str]:
    limit = rules.token_lifetime
    allowed = f"{format_duration(limit.value)} ({limit.source})"
    if token.issued_at is None or token.expires_at is None:
        yield "the token does not say when it was issued and when it ends"
    elif token.expires_at - token.issued_at > limit.value:
        yield f"the token lives for {token.expires_at - token.issued_at}; at most {allowed}"
    elif token.expires_at <= token.issued_at:
        yield "the token ends before it is issued"
    if isinstance(expires_in, bool) or not isinstance(expires_in, int):
        yield f"expiresIn is {expires_in!r}, not a number of seconds"
    elif expires_in > limit.value.total_seconds():
        yield f"expiresIn is {expires_in} s; at most {allowed}"
