"""The orders that faults give the object store, on a port of their own: past everything that S3 refuses to anybody."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from apgms_ops.sandbox.objectstore_process.buckets import ageing, backend, replication
from apgms_ops.sandbox.objectstore_process.objects import Objects
from apgms_ops.sandbox.objectstore_process.settings import Settings
from apgms_ops.sandbox.service_process.message import Refused
from apgms_ops.sandbox.service_process.switches import Switches

_LONGEST: Final = 1 << 20
"""Bytes of an order."""


_ANYBODY: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}],
}
PROTECTIONS: Final[dict[str, tuple[str, Callable[[Settings], Any]]]] = {
    "versioning": ("versioning_status", lambda _: "Suspended"),
    "encryption": ("encryption", lambda _: None),
    "public-access-block": ("public_access_block", lambda _: None),
    "policy": ("policy", lambda _: json.dumps(_ANYBODY).encode()),
    "region": ("region_name", lambda _: "us-west-2"),
    "replication": ("replication", lambda _: None),
    "replication-enabled": ("replication", lambda settings: replication(settings.copies, "Disabled")),
    "replication-known": ("replication", lambda _: replication("somebody-elses-bucket")),
    "kept": ("rules", lambda _: ageing(30)),
    "at-hand": ("rules", lambda _: ageing(30, "GLACIER")),
    "lock": ("object_lock_enabled", lambda _: False),
    "default-retention": ("default_lock_days", lambda _: 30),
    "default-mode": ("default_lock_mode", lambda _: "GOVERNANCE"),
}
"""What can be taken away → moto's attribute of the bucket, and its value without."""


class Orders:
    """What can be ordered: POST /switches, /put, /forget, /encrypt, /unprotect, /protect, /hide, ….

    All but the first are of the evidence's bucket, or of the one that "bucket" names.
    """

    def __init__(self, settings: Settings, switches: Switches) -> None:
        """Take which bucket it is about."""
        self._settings = settings
        self.switches = switches
        self._before: dict[tuple[str, str], Any] = {}
        self._objects = Objects(settings.bucket)

    def order(self, path: str, body: dict[str, Any]) -> object:
        """Do it.

        Raises:
            Refused: There is no such order.
        """
        orders = {"/put": self._put, "/forget": self._forget, "/unprotect": self._unprotect, "/protect": self._protect}
        orders |= {"/encrypt": self._encrypt, "/hide": self._objects.hide, "/empty": self._objects.empty}
        orders |= {"/damage": self._objects.damage, "/mend": self._objects.mend}
        if path == "/switches":
            self.switches.set(body)
            return self.switches.values
        if path not in orders:
            raise Refused(HTTPStatus.NOT_FOUND, "not_found", f"no order {path}: there are {', '.join(sorted(orders))}")
        return orders[path](body)

    def _bucket(self, body: dict[str, Any]) -> str:
        return str(body.get("bucket", self._settings.bucket))

    def _put(self, body: dict[str, Any]) -> object:
        """Keep an object: {"key", "text", "mode", "days", "deleted"}; `mode` null: without a lock.

        With "plain", it is not encrypted, as what was stored before the bucket was; with "ago" (seconds), it is old.
        """
        s3, bucket = backend(), self._bucket(body)
        key = s3.put_object(bucket, body["key"], body["text"].encode())
        key.lock_mode = body["mode"]
        until = datetime.now(UTC) + timedelta(days=body["days"])
        key.lock_until = f"{until:%Y-%m-%dT%H:%M:%S}Z" if body["mode"] else None
        if body.get("plain"):
            key.encryption = None
        key.last_modified -= timedelta(seconds=body.get("ago", 0))
        if body["deleted"]:
            s3._set_delete_marker(bucket, body["key"])  # noqa: SLF001 — what a DELETE does
        return {"version": key.version_id}

    def _encrypt(self, body: dict[str, Any]) -> object:
        """Encrypt what was stored while the bucket was not: what copying each object over itself does."""
        plain = [key for key in list(backend().buckets[self._bucket(body)].keys.values()) if _is_plain(key)]
        for key in plain:
            key.encryption = "AES256"
        return {"encrypted": [key.name for key in plain]}

    def _forget(self, body: dict[str, Any]) -> object:
        """Forget every version of the objects whose name begins so: {"prefix"}."""
        keys = backend().buckets[self._bucket(body)].keys
        gone = [name for name in list(keys) if name.startswith(body["prefix"])]
        for name in gone:
            dict.pop(keys, name)  # moto's own knows no delete markers
        return {"forgotten": gone}

    def _unprotect(self, body: dict[str, Any]) -> object:
        """Take away one protection of the bucket: {"what"}."""
        if body["what"] not in PROTECTIONS:
            raise Refused(HTTPStatus.BAD_REQUEST, "unknown", f"there are {', '.join(PROTECTIONS)}")
        attribute, without = PROTECTIONS[body["what"]]
        bucket = backend().buckets[self._bucket(body)]
        self._before.setdefault((bucket.name, attribute), getattr(bucket, attribute))
        setattr(bucket, attribute, without(self._settings))
        return {}

    def _protect(self, body: dict[str, Any]) -> object:
        """Give a bucket back every protection that was taken away."""
        bucket = backend().buckets[self._bucket(body)]
        for name, attribute in list(self._before):
            if name == bucket.name:
                setattr(bucket, attribute, self._before.pop((name, attribute)))
        return {}


def _is_plain(key: Any) -> bool:  # noqa: ANN401 — moto's, or a delete marker of it
    return getattr(key, "encryption", "") is None


def server(port: int, orders: Orders) -> ThreadingHTTPServer:
    """Return the server of the orders, on 127.0.0.1, to be run."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._say(HTTPStatus.OK, orders.switches.values)

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > _LONGEST:
                self._say(HTTPStatus.LENGTH_REQUIRED, {"error": "length_required"})
                return
            try:
                body = json.loads(self.rfile.read(int(length)))
                self._say(HTTPStatus.OK, orders.order(self.path, body))
            except Refused as refused:
                self._say(refused.status, {"error": refused.error, "message": refused.message})
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                self._say(HTTPStatus.BAD_REQUEST, {"error": "body_invalid", "message": repr(error)})

        def _say(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Keep silent: only what goes wrong is logged."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
