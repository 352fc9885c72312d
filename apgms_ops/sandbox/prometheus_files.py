"""What Prometheus is configured with: targets, the external label that names it, and alerts of the estate.

Written as JSON, which is YAML as well.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from apgms_ops.sandbox.blackbox import MODULE

CONFIGURATION: Final = "prometheus.json"
RULES: Final = "rules.json"
_EVERY: Final = "1s"
_EVERY_OWN: Final = "5s"

_GATEWAY = 'http_requests_total{service="api-gateway",route!~"/health.*|/metrics|/version"}'


def _burn(window: str) -> str:
    failed = _GATEWAY.replace("}", ',status=~"5.."}')
    return f"sum(increase({failed}[{window}])) / sum(increase({_GATEWAY}[{window}])) / (1 - 0.999)"


def _alert(name: str, expression: str, lasts: str, severity: str, summary: str) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": lasts,
        "labels": {"severity": severity},
        "annotations": {"summary": summary},
    }


def _alerts() -> list[dict[str, Any]]:
    return [
        _alert(
            "ConsumerLag",
            "sum by (consumergroup, topic) (kafka_consumergroup_lag) >= 200",
            "15s",
            "page",
            "Group {{ $labels.consumergroup }} is {{ $value }} messages behind on {{ $labels.topic }}.",
        ),
        _alert(
            "ErrorBudgetFastBurn",
            f"({_burn('1h')}) >= 14.4 and ({_burn('5m')}) >= 14.4",
            "15s",
            "page",
            "The gateway burns its error budget {{ $value }} times too fast.",
        ),
        _alert(
            "ErrorBudgetSlowBurn",
            f"({_burn('6h')}) >= 6 and ({_burn('30m')}) >= 6",
            "15s",
            "ticket",
            "The gateway burns its error budget {{ $value }} times too fast.",
        ),
        _alert(
            "OutsideProbeFails",
            "probe_success == 0",
            "15s",
            "page",
            "{{ $labels.instance }} is not ready from outside.",
        ),
        _alert("TargetDown", "up == 0", "15s", "page", "{{ $labels.job }} at {{ $labels.instance }} is not scraped."),
    ]


def _job(name: str, targets: Sequence[str], *, path: str = "/metrics", every: str = _EVERY) -> dict[str, Any]:
    return {
        "job_name": name,
        "metrics_path": path,
        "scrape_interval": every,
        "scrape_timeout": every,
        "static_configs": [{"targets": list(targets)}],
    }


def _prober(exporter: str, target: str) -> dict[str, Any]:
    """Return the job of the blackbox exporter: it is asked to probe, and what it probed is the instance."""
    return {
        **_job("blackbox", [target], path="/probe"),
        "params": {"module": [MODULE]},
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": exporter},
        ],
    }


def write(  # noqa: PLR0913 — what there is to scrape
    folder: Path,
    *,
    cluster: str,
    targets: Mapping[str, Sequence[str]],
    own: str,
    alertmanager: str,
    blackbox: str,
    outside: str,
) -> None:
    """Write configuration and rules.

    Args:
        folder: Where.
        cluster: The value of the external label `cluster`: the server's name for itself.
        targets: Job → the addresses of its targets, host:port.
        own: Its own address.
        alertmanager: The address of Alertmanager.
        blackbox: The address of the blackbox exporter.
        outside: What that is to probe.
    """
    configuration = {
        "global": {
            "scrape_interval": _EVERY,
            "evaluation_interval": _EVERY_OWN,
            "external_labels": {"cluster": cluster},
        },
        "rule_files": [RULES],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [
            *(_job(job, addresses) for job, addresses in targets.items()),
            _job("kafka-exporter", targets["traffic"], path="/metrics/kafka"),
            _prober(blackbox, outside),
            _job("prometheus", [own], every=_EVERY_OWN),
            _job("alertmanager", [alertmanager], every=_EVERY_OWN),
        ],
    }
    rules = {"groups": [{"name": "estate", "rules": _alerts()}]}
    for name, content in ((CONFIGURATION, configuration), (RULES, rules)):
        (folder / name).write_text(json.dumps(content, indent=1), encoding="utf-8")
