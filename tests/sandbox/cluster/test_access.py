"""Where an API is, from a kubeconfig."""

import json
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.errors import SandboxError
from apgms_ops.sandbox.cluster import access


def config(folder: Path, **user: Any) -> Path:  # noqa: ANN401 — JSON
    """Write a kubeconfig; JSON is YAML."""
    path = folder / "kubeconfig"
    content = {
        "current-context": "one",
        "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:8001/base/"}}],
        "users": [{"name": "u", "user": user}],
    }
    path.write_text(json.dumps(content))
    return path


def test_a_context_leads_to_an_address_and_a_token(tmp_path: Path) -> None:
    """The token may stand in a file beside it, and is not shown."""
    (tmp_path / "token").write_text("secret\n")
    found = access.read(config(tmp_path, tokenFile="token"))
    assert (found.host, found.port, found.path, found.tls, found.token) == ("127.0.0.1", 8001, "/base", None, "secret")
    assert "secret" not in repr(found)


def test_a_context_that_is_not_there_is_named(tmp_path: Path) -> None:
    """So is a file that is not there."""
    with pytest.raises(SandboxError, match="no kubeconfig with a context other"):
        access.read(config(tmp_path, token="t"), "other")
    with pytest.raises(SandboxError, match="No such file"):
        access.read(tmp_path / "none")
