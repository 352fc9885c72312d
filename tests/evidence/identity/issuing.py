"""An issuer of identity tokens, as GitHub Actions is one: a real https server on 127.0.0.1, with its own authority.

It signs with PyJWT, which the package does not use: what both sides did with the same code would hide its bugs. A test
may bend what it says; what it does not know it refuses.
"""

import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from apgms_ops.evidence.identity import jwk
from apgms_ops.evidence.identity.jwk import IssuerKey
from apgms_ops.sandbox.certificates import Authority, crt, key

REPOSITORY = "apgms/apgms-ops"
SHA = "c0ffee" + "0" * 34
REQUEST_TOKEN = "request-token-never-to-be-shown-5f1d"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())

Reply = tuple[int, Mapping[str, str], bytes]


def jwk_of(private: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 — RSA or EC
    """Return the public half of a key as JWK."""
    algorithm = RSAAlgorithm if isinstance(private, rsa.RSAPrivateKey) else ECAlgorithm
    made: dict[str, Any] = algorithm.to_jwk(private.public_key(), as_dict=True)
    return {key: value for key, value in made.items() if key != "key_ops"} | {"kid": name, "use": "sig"}


def issuer_key(private: object, name: str = "one") -> IssuerKey:
    """Return a key as its issuer publishes it."""
    found = jwk.key(jwk_of(private, name))
    if found is None:
        msg = "a key of the tests is none"
        raise TypeError(msg)
    return found


def claims_of(issuer: str, audience: str, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 — JSON
    """Return what a token of a job says; a change to None leaves a claim out."""
    now = int(time.time())
    made: dict[str, Any] = {
        "iss": issuer,
        "aud": audience,
        "sub": f"repo:{REPOSITORY}:ref:refs/heads/main",
        "iat": now,
        "nbf": now - 5,
        "exp": now + 300,
        "jti": "example-id",
        "repository": REPOSITORY,
        "repository_id": "123456782",
        "ref": "refs/heads/main",
        "sha": SHA,
        "workflow": "daily-checks",
        "job_workflow_ref": f"{REPOSITORY}/.github/workflows/daily-checks.yaml@refs/heads/main",
        "job_workflow_sha": SHA,
        "run_id": "5711",
        "run_attempt": "1",
        "actor": "jo",
        "event_name": "schedule",
    }
    return {name: value for name, value in (made | changed).items() if value is not None}


def signed(claims: Mapping[str, Any], private: Any = RSA_KEY, name: str = "one", algorithm: str = "RS256") -> str:  # noqa: ANN401 — RSA or EC
    """Return a token."""
    return jwt.encode(dict(claims), private, algorithm=algorithm, headers={"kid": name})


@dataclass
class ToyIssuer:
    """An issuer, and what a test wants of it."""

    folder: Path
    changed: dict[str, Any] = field(default_factory=dict)
    """Claims that are not as usual."""
    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk_of(RSA_KEY, "one"), jwk_of(EC_KEY, "two")])
    sign: Callable[[dict[str, Any]], str] = signed
    replies: dict[str, Callable[[], Reply]] = field(default_factory=dict)
    """Path → what is answered there instead."""
    asked: list[str] = field(default_factory=list)
    """Paths and audiences, in order."""
    tokens: list[str] = field(default_factory=list)
    """That were handed out."""
    gives: int = 1000
    """How many tokens there are; then it refuses."""

    def __post_init__(self) -> None:
        """Make certificates, and begin to answer."""
        self.folder.mkdir(exist_ok=True)
        Authority(self.folder, "issuer-ca").server("issuer", (), ("127.0.0.1",))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(crt(self.folder, "issuer"), key(self.folder, "issuer"))
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        """Its name, and address."""
        return f"https://127.0.0.1:{self.server.server_port}"

    @property
    def ca(self) -> Path:
        """The certificate that leads to it."""
        return crt(self.folder, "issuer-ca")

    @property
    def environ(self) -> dict[str, str]:
        """What a job of it finds in its environment."""
        return {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{self.url}/token?api-version=2.0",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": REQUEST_TOKEN,
        }

    def jwks(self) -> bytes:
        """Return its keys as it publishes them."""
        return json.dumps({"keys": self.keys}).encode()

    def close(self) -> None:
        """End."""
        self.server.shutdown()
        self.server.server_close()

    def answer(self, target: str, authorization: str) -> Reply:
        """Answer a request."""
        parts = urlsplit(target)
        query = parse_qs(parts.query)
        self.asked.append(" ".join([parts.path, *query.get("audience", [])]))
        if parts.path in self.replies:
            return self.replies[parts.path]()
        match parts.path:
            case "/.well-known/openid-configuration":
                return reply({"issuer": self.url, "jwks_uri": f"{self.url}/jwks"})
            case "/jwks":
                return 200, {"Content-Type": "application/json"}, self.jwks()
            case "/token" if query.get("api-version") == ["2.0"]:
                if authorization != f"Bearer {REQUEST_TOKEN}" or len(self.tokens) >= self.gives:
                    return reply({"message": "who are you"}, 401)
                token = self.sign(claims_of(self.url, query["audience"][0]) | self.changed)
                self.tokens.append(token)
                return reply({"value": token})
            case _:
                return reply({"message": "Not Found"}, 404)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, headers, body = issuer.answer(self.path, self.headers.get("Authorization", ""))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — the library's name
                """Say nothing."""

        return Handler


def reply(body: object, status: int = 200) -> Reply:
    """Return an answer in JSON."""
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()
