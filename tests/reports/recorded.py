"""Runs as they lie in a folder: verified ledgers, with observations of real facts, written in milliseconds."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from apgms_ops.environment import loading, snapshot
from apgms_ops.environment.model import Environment
from apgms_ops.evidence.ledger import CLOSE, OBSERVATION, VERDICT, Ledger
from apgms_ops.observation import Observation, canonical, digest, timestamp
from tests.reports.seen import START

ROOT: Final = Path(__file__).resolve().parents[2]

CATALOGUE: Final[tuple[tuple[str, str, str, int, str, str | None, tuple[str, ...], tuple[str, ...]], ...]] = (
    # id, promise, section, step, its title, service, controls, probes
    (
        "checks/daily/test_consumer_lag.py::test_every_consumer_group_keeps_up",
        "No consumer group is as many messages behind on any topic as the limit.",
        "daily-checks",
        3,
        "Kafka consumer lag",
        None,
        ("audit-logging", "security-monitoring"),
        ("consumer_lag",),
    ),
    (
        "checks/daily/test_error_budgets.py::test_enough_of_the_error_budget_is_left[api-gateway]",
        "Enough of the error budget is left.",
        "daily-checks",
        4,
        "Error budget",
        "api-gateway",
        ("security-monitoring",),
        ("error_budgets",),
    ),
    (
        "checks/service_levels/test_api_gateway.py::test_requests_are_answered_in_time[api-gateway]",
        "Requests are answered in time.",
        "service-overview",
        1,
        "API Gateway",
        "api-gateway",
        ("security-monitoring",),
        ("latencies",),
    ),
    (
        "checks/service_levels/test_payments.py::test_the_oldest_payment_is_young[payments]",
        "No payment waits for its reconciliation as long as the limit.",
        "service-overview",
        3,
        "Payments Service",
        "payments",
        ("audit-logging",),
        ("reconciliation_gauge",),
    ),
    (
        "checks/deployment/test_pipeline.py::test_the_artifacts_can_be_had",
        "The release's bill of materials and scan can be had.",
        "deployment-procedure",
        3,
        "CI release",
        None,
        ("supply-chain-visibility", "certification"),
        (),
    ),
    (
        "smoke/test_access.py::test_no_second_factor_no_entry",
        "A login without a second factor is refused.",
        "deployment-procedure",
        5,
        "Smoke tests",
        "api-gateway",
        ("authentication", "entity-validation"),
        (),
    ),
)


@cache
def environment(name: str = "production", every: str = "24h", fresh: str = "7d") -> Environment:
    """Return the environment of the repository under another name, with the keys that the front page reads."""
    data = snapshot.as_json(loading.load(ROOT / "environments" / "production.toml"))
    source = "runbook: Daily Checks"
    data["evidence"] = {"every": {"value": every, "source": source}, "fresh": {"value": fresh, "source": source}}
    return snapshot.from_json(data | {"name": name})


def planned(*, daily: bool = True, hostile: str = "") -> list[dict[str, Any]]:
    """Return the checks of a plan: those of the daily run, or only those of a release."""
    return [
        {
            "id": check,
            "promise": promise + hostile,
            "runbook": [section, step],
            "step_title": title,
            "controls": list(controls),
            "probes": list(probes),
            "clients": [],
            "service": service,
            "absent": None,
        }
        for check, promise, section, step, title, service, controls, probes in CATALOGUE
        if daily or section == "deployment-procedure"
    ]


def write_run(  # noqa: PLR0913 — what can differ between runs
    runs: Path,
    at: datetime = START,
    *,
    name: str = "production",
    verdicts: Mapping[int, str] | None = None,
    seen: str = "payments-executor is 412 messages behind on payments.execute (limit 200)",
    observations: Sequence[Observation] = (),
    checks: list[dict[str, Any]] | None = None,
    closed: bool = True,
    sealed: bool = True,
    exit_code: int | None = None,
    replay_of: str | None = None,
    every: str = "24h",
    tag: str = "",
    read_only: bool = False,
) -> Path:
    """Write a run, and return its folder.

    Args:
        runs: The folder of runs.
        at: When it was planned, and everything in it happened.
        name: Its environment.
        verdicts: Number of a check → its verdict; PASS where none is given.
        seen: What was seen by every check that did not PASS.
        observations: What its probes saw.
        checks: Its plan, as `planned` has it.
        closed: Whether it came to its end.
        sealed: Whether an attestation lies in it.
        exit_code: What it was closed with; what fits the verdicts where it is left out.
        replay_of: The run that it judged anew.
        every: How often the environment is to be looked at.
        tag: The end of its name.
        read_only: Whether it was told to write nothing.
    """
    hexed = tag or digest(f"{name} {at}".encode())[:6]
    folder = runs / f"{at:%Y%m%dT%H%M%S}.000Z-{name}-{hexed}"
    (folder / "observations").mkdir(parents=True)
    recorded = snapshot.canonical(environment(name, every))
    (folder / "environment.json").write_bytes(recorded + b"\n")
    plan = planned() if checks is None else checks
    ledger = Ledger(folder / "ledger.jsonl", now=lambda: at)
    ledger.begin(
        {
            "run": folder.name,
            "environment": name,
            "environment_sha256": digest(recorded),
            "release": "v1.4.2",
            "read_only": read_only,
            "replay_of": replay_of,
            "planned_at": timestamp(at),
            "checks": plan,
            "waivers": [WAIVER] if "WAIVED" in (verdicts or {}).values() else [],
        }
    )
    for observation in observations:
        data = canonical(observation.to_json())
        (folder / "observations" / f"{digest(data)}.json").write_bytes(data)
        ledger.append(OBSERVATION, {"probe": observation.probe, "sha256": digest(data), "failure": None})
    came = [(verdicts or {}).get(number, "PASS") for number in range(len(plan))]
    for check, verdict in zip(plan, came, strict=True):
        body: dict[str, Any] = {"check": check["id"], "verdict": verdict, "took": 0.012}
        body["seen"] = "" if verdict == "PASS" else seen
        if verdict == "WAIVED":
            body |= {"raw": "FAIL", "waiver": WAIVER}
        ledger.append(VERDICT, body)
    if closed:
        code = 1 if "FAIL" in came else 10 if "UNKNOWN" in came else 0
        code = code if exit_code is None else exit_code
        ledger.append(CLOSE, {"planned": len(plan), "verdicts": dict(Counter(came)), "exit": code, "not_planned": []})
    if sealed and closed:
        (folder / "attestation.json").write_text("{}")
    return folder


WAIVER: Final = {
    "check": CATALOGUE[0][0],
    "reason": "the executor is being resized, CHG-4411",
    "owner": "payments-team",
    "approver": "head-of-operations",
    "approval": "unproven",
    "issued": "2026-11-20T00:00:00+11:00",
    "expires": "2026-12-20T00:00:00+11:00",
    "link": "https://github.example/apgms/platform/pull/1",
}


def altered(run: Path) -> Path:
    """Change a verdict in a ledger, as somebody would who did not think of the hashes."""
    file = run / "ledger.jsonl"
    file.write_text(file.read_text().replace('"verdict":"PASS"', '"verdict":"FAIL"', 1))
    return run


def entries(run: Path) -> list[dict[str, Any]]:
    """Return the lines of a ledger."""
    return [json.loads(line) for line in (run / "ledger.jsonl").read_text().splitlines()]
