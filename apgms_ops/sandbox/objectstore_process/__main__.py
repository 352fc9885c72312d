"""Run the object store: `python -m apgms_ops.sandbox.objectstore_process SETTINGS`, until SIGTERM."""

import signal
import sys
import threading
from pathlib import Path
from typing import Final

from apgms_ops.sandbox.objectstore_process.buckets import USER, WRITER, make
from apgms_ops.sandbox.objectstore_process.control import Orders, server
from apgms_ops.sandbox.objectstore_process.front import SWITCHES, Front, ask_who, moto
from apgms_ops.sandbox.objectstore_process.settings import Settings
from apgms_ops.sandbox.service_process.switches import Spec, Switches
from apgms_ops.sandbox.state import write_atomically

_THREADS: Final = 16


def main(path: Path) -> None:
    """Serve, with the settings in a file; the control port answers once everything is there."""
    from cheroot.ssl.builtin import BuiltinSSLAdapter  # noqa: PLC0415 — heavy
    from cheroot.wsgi import Server  # noqa: PLC0415 — heavy

    settings = Settings.read(path)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: ended.set())
    switches = Switches(SWITCHES, common=Spec())
    serving = Server(("127.0.0.1", settings.port), Front(moto(), switches), numthreads=_THREADS)
    serving.ssl_adapter = BuiltinSSLAdapter(settings.certificate, settings.key)
    serving.prepare()
    threading.Thread(target=serving.serve, daemon=True).start()
    keys = make(settings)
    files = {USER: (settings.id_file, settings.secret_file)}
    files[WRITER] = (settings.writer_id_file, settings.writer_secret_file)
    for user, (id_file, secret_file) in files.items():
        write_atomically(Path(id_file), keys[user].id)
        write_atomically(Path(secret_file), keys[user].secret)
    ask_who()
    control = server(settings.control_port, Orders(settings, switches))
    threading.Thread(target=control.serve_forever, daemon=True).start()
    ended.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
