"""The process that holds the driver: settings in, then one question a line; one answer a line out.

Started by `process.ReaderProcess` alone. The first line is JSON with the settings, secrets among them: those are not
in its arguments, nor in its environment.
"""

import gc
import json
import sys
from typing import TextIO

from apgms_ops.clients.kafka.connection import Connection
from apgms_ops.clients.kafka.reader import Reader
from apgms_ops.clients.kafka.wire import Json
from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from apgms_ops.secret import Secret


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answer until there are no more questions."""
    # Thousands of futures live until they are answered, and the process is short-lived: collecting them finds nothing.
    gc.disable()
    settings = json.loads(questions.readline())
    read_committed = settings.pop("read_committed")
    for name in ("username", "password"):
        settings[name] = None if settings[name] is None else Secret(settings[name])
    reader = Reader(Connection(**settings), read_committed=read_committed)
    for line in questions:
        answers.write(json.dumps(_answer(reader, json.loads(line)), separators=(",", ":")) + "\n")
        answers.flush()


def _answer(reader: Reader, question: Json) -> Json:
    verb, seconds = question.pop("verb"), question.pop("seconds")
    try:
        deadline = Deadline(seconds)
        return {
            "ok": reader.read(deadline, **question) if verb == "read" else reader.dead_letters(deadline, **question)
        }
    except Unobserved as error:
        return {"error": type(error).__name__, "text": str(error)}


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout)
