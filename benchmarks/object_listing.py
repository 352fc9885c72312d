"""What it takes to list 100,000 objects, beside boto3's own paginator collecting them.

A process of its own serves them as moto does, filled past HTTP, and counts the requests. Each listing is a process of
its own; what it holds at the end beyond what it held with its client made is its memory. Prints memory, requests,
pages and the ratio of the times; exits with 1 if we hold more than 100 MB above the start, send more requests than
there are pages, or do not find them all.
"""

import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

OBJECTS, PAGE, MEMORY = 100_000, 1000, 100
_BUCKET, _REGION, _PREFIX = "bench", "ap-southeast-2", "pgbackrest/"


class Counting:
    """Counts the requests for a page before moto answers them; `/requests` says how many there were, and forgets it."""

    def __init__(self, application: Any) -> None:  # noqa: ANN401 — WSGI
        """Take what answers."""
        self._application = application
        self._lock = threading.Lock()
        self._count = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 — WSGI
        """Answer."""
        with self._lock:
            if environ["PATH_INFO"] == "/requests":
                body, self._count = str(self._count).encode(), 0
                start_response("200 OK", [("Content-Length", str(len(body)))])
                return [body]
            self._count += 1
        return self._application(environ, start_response)


def serve() -> None:
    """Fill a bucket and serve it until the process is ended; the first line printed is the address."""
    from cheroot.wsgi import Server  # noqa: PLC0415 — only this process needs it

    from apgms_ops.sandbox.objectstore_process.buckets import backend  # noqa: PLC0415
    from apgms_ops.sandbox.objectstore_process.front import moto  # noqa: PLC0415

    s3 = backend()
    s3.create_bucket(_BUCKET, _REGION)
    for number in range(OBJECTS):
        name = f"{_PREFIX}archive/apgms/15-1/{number:024X}-{number:040x}.gz"
        s3.put_object(_BUCKET, name, b"", disable_notification=True)
    server = Server(("127.0.0.1", 0), Counting(moto()))
    server.prepare()
    sys.stdout.write(f"http://127.0.0.1:{server.bind_addr[1]}\n")
    sys.stdout.flush()
    server.serve()


def _held(what: str) -> float:
    """Return memory in megabytes: what is resident now, or was at most."""
    if what == "most":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with open("/proc/self/statm", encoding="ascii") as now:  # noqa: PTH123 — no path that is ours
        return int(now.read().split()[1]) * resource.getpagesize() / 1e6


def ours(url: str) -> tuple[float, int]:
    """List with our client, with a redactor as a run has one: memory before, and how many there are."""
    from apgms_ops.clients.objectstore import ObjectStoreClient  # noqa: PLC0415 — its import is not listing
    from apgms_ops.deadline import Deadline  # noqa: PLC0415
    from apgms_ops.observation import Recorder  # noqa: PLC0415
    from apgms_ops.redact import Redactor  # noqa: PLC0415
    from apgms_ops.secret import Secret  # noqa: PLC0415

    client = ObjectStoreClient(
        url=url,
        region=_REGION,
        bucket=_BUCKET,
        access_key_id=Secret("anybody"),
        secret_access_key=Secret("anybody"),
        recorder=Recorder(Redactor()),
    )
    client.region_of(_BUCKET, Deadline(30))  # so that boto3 is there
    before = _held("now")
    urlopen(f"{url}/requests").close()  # noqa: S310 — ours
    return before, client.survey(_PREFIX, Deadline(600), of=10).count


def theirs(url: str) -> tuple[float, int]:
    """Collect with boto3's paginator: memory before, and how many there are."""
    import boto3  # noqa: PLC0415 — its import is not listing

    s3: Any = boto3.client(
        "s3",
        _REGION,
        endpoint_url=url,
        aws_access_key_id="anybody",
        aws_secret_access_key="anybody",  # noqa: S106
    )
    s3.head_bucket(Bucket=_BUCKET)
    before = _held("now")
    urlopen(f"{url}/requests").close()  # noqa: S310 — ours
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET, Prefix=_PREFIX)
    return before, len([item for page in pages for item in page["Contents"]])


def read(who: str, url: str) -> None:
    """List once, and print seconds, megabytes above the start, requests and objects."""
    began = time.perf_counter()
    before, count = {"ours": ours, "boto3": theirs}[who](url)
    took = time.perf_counter() - began
    with urlopen(f"{url}/requests") as answer:  # noqa: S310 — ours
        requests = int(answer.read())
    sys.stdout.write(json.dumps([took, _held("most") * 1.048576 - before, requests, count]))


@contextmanager
def served() -> Iterator[str]:
    """Run the server in a process of its own, and yield its address."""
    command = [sys.executable, "-m", "benchmarks.object_listing", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield server.stdout.readline().strip() if server.stdout is not None else ""
        finally:
            server.kill()


def listed(who: str, url: str) -> tuple[float, float, int, int]:
    """Return what a listing in a process of its own took, held, asked and found."""
    command = [sys.executable, "-m", "benchmarks.object_listing", who, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    took, memory, requests, count = json.loads(done.stdout)
    return float(took), float(memory), int(requests), int(count)


def main() -> int:
    """Compare, print, and return the exit code."""
    with served() as url:
        their_time, their_memory, their_requests, theirs_found = listed("boto3", url)
        our_time, our_memory, our_requests, found = listed("ours", url)
    pages = -(-OBJECTS // PAGE)
    sys.stdout.write(
        f"objects      {found} ours, {theirs_found} the paginator's, on {pages} pages\n"
        f"ours         {our_time:.1f} s, {our_memory:.0f} MB above the start (limit {MEMORY}), {our_requests} "
        "requests\n"
        f"paginator    {their_time:.1f} s, {their_memory:.0f} MB above the start, {their_requests} requests\n"
        f"ratio        {our_time / their_time:.2f}, most of it moto's own time\n"
    )
    return 0 if found == theirs_found == OBJECTS and our_requests == pages and our_memory <= MEMORY else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif sys.argv[1:]:
        read(sys.argv[1], sys.argv[2])
    else:
        sys.exit(main())
