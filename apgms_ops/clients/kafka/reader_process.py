"""The process that holds the driver: settings in, then one question a line; one answer a line out.

Started by `process.ReaderProcess` alone. The first line is JSON with the settings, secrets among them: those are not
in its arguments, nor in its environment.
"""

import gc
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from apgms_ops.clients.kafka.connection import Connection
from apgms_ops.clients.kafka.reader import Reader
from apgms_ops.clients.kafka.wire import Json
from apgms_ops.deadline import Deadline
from apgms_ops.errors import Unobserved
from apgms_ops.secret import Secret

Verb = Callable[..., Json]
"""Answers one kind of question, within a deadline."""


def serve(
    questions: TextIO, answers: TextIO, verbs: Callable[[Connection, Mapping[str, Any]], Mapping[str, Verb]]
) -> None:
    """Answer until there are no more questions.

    Args:
        questions: The settings, then one question a line.
        answers: One answer a line.
        verbs: Returns what can be asked, for a connection and its settings.
    """
    # Thousands of futures live until they are answered, and the process is short-lived: collecting them finds nothing.
    gc.disable()
    settings = json.loads(questions.readline())
    read_committed = settings.pop("read_committed")
    for name in ("username", "password"):
        settings[name] = None if settings[name] is None else Secret(settings[name])
    known = verbs(Connection(**settings), {"read_committed": read_committed})
    for line in questions:
        answers.write(json.dumps(_answer(known, json.loads(line)), separators=(",", ":")) + "\n")
        answers.flush()


def _answer(verbs: Mapping[str, Verb], question: Json) -> Json:
    verb, seconds = question.pop("verb"), question.pop("seconds")
    try:
        return {"ok": verbs[verb](Deadline(seconds), **question)}
    except Unobserved as error:
        return {"error": type(error).__name__, "text": str(error)}


def _verbs(connection: Connection, settings: Mapping[str, Any]) -> Mapping[str, Verb]:
    reader = Reader(connection, read_committed=settings["read_committed"])
    return {"read": reader.read, "dead_letters": reader.dead_letters, "bounds": reader.bounds}


if __name__ == "__main__":
    serve(sys.stdin, sys.stdout, _verbs)
