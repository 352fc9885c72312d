"""What can be done to the runs of a chain, and to its lines."""

import json
import shutil

from tests.evidence.tampering import Case


def remove_middle(case: Case) -> None:
    """A run in the middle is gone."""
    shutil.rmtree(case.second)


def remove_middle_and_line(case: Case) -> None:
    """A run in the middle is gone, and so is its line."""
    shutil.rmtree(case.second)
    lines = case.lines()
    case.write_lines([lines[0], *lines[2:]])


def remove_middle_and_renumber(case: Case) -> None:
    """A run in the middle is gone, and the lines behind it close the gap."""
    shutil.rmtree(case.second)
    kept = [json.loads(line) for line in case.lines() if case.second.name.encode() not in line]
    before, lines = None, []
    for seq, line in enumerate(kept):
        data = line | {"seq": seq, "prev": before}
        before = line["attestation"]
        lines.append(json.dumps(data, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    case.write_lines(lines)


def remove_end(case: Case) -> None:
    """The last run is gone, its line is not."""
    shutil.rmtree(case.runs[-1])


def remove_end_and_line(case: Case) -> None:
    """The last run is gone without a trace here."""
    shutil.rmtree(case.runs[-1])
    case.write_lines(case.lines()[:-1])


def remove_end_line(case: Case) -> None:
    """The last run's line is gone, the run is not."""
    case.head = json.loads(case.lines()[-2])["attestation"]
    case.write_lines(case.lines()[:-1])


def remove_start(case: Case) -> None:
    """The first run is gone without a trace here."""
    shutil.rmtree(case.runs[0])
    case.write_lines(case.lines()[1:])


def swap_lines(case: Case) -> None:
    """Two lines change places."""
    lines = case.lines()
    case.write_lines([lines[0], lines[2], lines[1], lines[3]])


def swap_runs(case: Case) -> None:
    """Two runs change names."""
    second, third, aside = case.runs[1], case.runs[2], case.forge.runs / "aside"
    second.rename(aside)
    third.rename(second)
    aside.rename(third)


def duplicate_line(case: Case) -> None:
    """A line stands twice."""
    lines = case.lines()
    case.write_lines([*lines, lines[-1]])


def copy_run(case: Case) -> None:
    """A run is there once more under another id."""
    shutil.copytree(case.second, case.forge.runs / "20261128T020000.000Z-production-abcdef")


def forge_line(case: Case) -> None:
    """A line names another seal."""
    lines = case.lines()
    lines[-1] = lines[-1].replace(case.head.encode(), b"0" * 64)
    case.head = "0" * 64
    case.write_lines(lines)


def reformat_line(case: Case) -> None:
    """A line is written otherwise."""
    lines = case.lines()
    lines[1] = json.dumps(json.loads(lines[1])).encode() + b"\n"
    case.write_lines(lines)


def traverse_chain(case: Case) -> None:
    """A line leads out of the folder of runs."""
    lines = case.lines()
    lines[1] = lines[1].replace(case.second.name.encode(), f"../runs/{case.second.name}".encode())
    case.write_lines(lines)


def empty_chain(case: Case) -> None:
    """The chain is empty."""
    case.write_lines([])
