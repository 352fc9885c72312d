"""Answers every HTTP request on one port alike: what stands in the place of a server that is away.

Run as `python -m apgms_ops.sandbox.impostor PORT STATUS MEDIA-TYPE BODY`.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def serve(port: int, status: int, media_type: str, body: bytes) -> ThreadingHTTPServer:
    """Return a server on 127.0.0.1 that answers with this and nothing else, to be run."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4].encode()).serve_forever()
