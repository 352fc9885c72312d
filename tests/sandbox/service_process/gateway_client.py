"""A customer of the gateway's replicas, and how one logs in."""

import http.client
import json
import time
from dataclasses import dataclass
from typing import Any

from apgms_ops.deadline import Deadline
from apgms_ops.sandbox.asking import samples
from apgms_ops.sandbox.faults.switching import switch
from apgms_ops.sandbox.service_process import totp
from apgms_ops.sandbox.service_process.tenants import Credentials
from apgms_ops.sandbox.world import World

LOOKUP = "/v1/registries/abn/"
ACTIVE = "53004085616"
CANCELLED = "11000000948"


@dataclass
class Platform:
    """The gateways, and a customer who has logged in."""

    world: World
    token: str = ""

    def ask(
        self, method: str, path: str, body: object = None, place: str = "api-gateway.1", **headers: str
    ) -> tuple[int, dict[str, Any], http.client.HTTPResponse]:
        """Ask a replica, and return status and body."""
        sent = ({"Authorization": f"Bearer {self.token}"} if self.token else {}) | headers
        connection = http.client.HTTPConnection("127.0.0.1", self.world.port(place), timeout=20)
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text), answer

    def look_up(self, abn: str, place: str = "api-gateway.1") -> tuple[int, str]:
        """Look a number up, and return the status of the answer and that of the business, or the error."""
        status, body, _ = self.ask("GET", LOOKUP + abn, place=place)
        return status, body.get("status") or body["error"]

    def counted(self, name: str, place: str = "api-gateway.1", **labels: str) -> float:
        """Return what a replica has counted, summed over all other labels."""
        connection = http.client.HTTPConnection("127.0.0.1", self.world.port(place), timeout=20)
        connection.request("GET", "/metrics")
        found = samples(connection.getresponse().read().decode())
        connection.close()
        wanted = set(labels.items())
        return sum(value for (sample, held), value in found.items() if sample == name and wanted <= held)

    def set(self, place: str, **switches: float) -> None:
        """Set switches."""
        switch(self.world, place, Deadline(20), **switches)


def log_in(platform: Platform, credentials: Credentials, **more: object) -> tuple[int, dict[str, Any]]:
    """Log in."""
    body = {
        "username": credentials.username,
        "password": credentials.password,
        "otp": totp.code(credentials.otp_secret, time.time()),
    }
    wanted = {name: value for name, value in {**body, **more}.items() if value is not None}
    status, answer, _ = platform.ask("POST", "/v1/auth/login", wanted)
    return status, answer
