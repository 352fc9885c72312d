"""What it takes to list 100,000 objects, beside boto3's own paginator collecting them.

A process of its own serves them as S3 writes a listing, and counts the requests; moto would sort all of them anew for
each page, and take most of the time. Each listing is a process of
its own; what it holds at the end beyond what it held with its client made is its memory. Prints memory, requests,
pages and the ratio of the times; exits with 1 if we hold more than 100 MB above the start, send more requests than
there are pages, or do not find them all.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

OBJECTS, PAGE, MEMORY = 100_000, 1000, 100
_BUCKET, _REGION, _PREFIX = "bench", "ap-southeast-2", "pgbackrest/"


def page(start: int) -> bytes:
    """Return the page of a listing that begins with the object of that number, as S3 writes it."""
    end = min(OBJECTS, start + PAGE)
    following = f"<NextContinuationToken>{end}</NextContinuationToken>" if end < OBJECTS else ""
    contents = "".join(
        f"<Contents><Key>{_PREFIX}archive/apgms/15-1/{number:024X}-{number:040x}.gz</Key>"
        f"<LastModified>2026-11-{1 + number % 28:02}T03:00:{number % 60:02}.000Z</LastModified>"
        f"<ETag>&quot;{number:032x}&quot;</ETag><Size>{number}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for number in range(start, end)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{_BUCKET}</Name><Prefix>{_PREFIX}</Prefix><KeyCount>{end - start}</KeyCount><MaxKeys>{PAGE}</MaxKeys>"
        f"<EncodingType>url</EncodingType><IsTruncated>{str(end < OBJECTS).lower()}</IsTruncated>{following}{contents}"
        "</ListBucketResult>"
    ).encode()


def serve() -> None:
    """Serve the bucket until the process is ended; the first line printed is the address."""
    pages = {str(start): page(start) for start in range(0, OBJECTS, PAGE)}
    asked = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._say(b"")

        def do_GET(self) -> None:
            nonlocal asked
            if self.path == "/requests":  # how many there were since this was asked the last time
                said, asked = asked, 0
                self._say(str(said).encode())
                return
            asked += 1
            self._say(pages[parse_qs(urlsplit(self.path).query).get("continuation-token", ["0"])[0]])

        def _say(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("x-amz-bucket-region", _REGION)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 — as the base class names it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


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
        f"ratio        {our_time / their_time:.2f}\n"
    )
    return 0 if found == theirs_found == OBJECTS and our_requests == pages and our_memory <= MEMORY else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif sys.argv[1:]:
        read(sys.argv[1], sys.argv[2])
    else:
        sys.exit(main())
