"""Reading over HTTP, for every client that speaks it: one total deadline, no redirects, strict JSON, typed errors.

What one vendor does differently stays in that vendor's client. Nothing here judges a status code beyond what all of
HTTP means by it.
"""

from apgms_ops.clients.http.answer import Answer
from apgms_ops.clients.http.caller import Called, HttpCaller
from apgms_ops.clients.http.client import HttpReader
from apgms_ops.clients.http.writer import HttpWriter

__all__ = ["Answer", "Called", "HttpCaller", "HttpReader", "HttpWriter"]
