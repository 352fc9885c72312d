"""What a holder of the key bends in the identity of a sealed run is caught."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from apgms_ops.errors import EvidenceInvalid
from apgms_ops.evidence.identity.record import Finding
from apgms_ops.evidence.identity.verify import Believed
from apgms_ops.evidence.trust import Trust
from apgms_ops.evidence.verify import verify_run
from tests.evidence.identity.identified import KEY, keys, payload, record_identified, recorded_with
from tests.evidence.identity.issuing import EC_KEY, OTHER_KEY, issuer_key
from tests.evidence.making import Forge


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """One who seals runs."""
    return Forge(tmp_path)


def believing(forge: Forge, *brought: Any, **more: Any) -> Trust:  # noqa: ANN401 — keys, and what Believed takes
    """Return whom an auditor believes who brought these keys of the issuer."""
    return replace(forge.trust, identity=Believed(tuple(brought), **more))


def sealed(forge: Forge, **bent: Any) -> Path:  # noqa: ANN401 — what `record_identified` takes
    """Return a sealed run: whatever is bent in it, its holder of the key has sealed."""
    folder = record_identified(forge, **bent)
    forge.seal(folder)
    return folder


def _as_another(body: dict[str, Any], found: Finding) -> bytes:
    body["by"]["identity"]["claims"]["actor"] = "somebody"
    return payload(found.kept, actor="somebody")


def _other_proof(_: dict[str, Any], found: Finding) -> bytes:
    shown = json.loads(found.kept or b"{}")["proof"]
    return recorded_with(found.kept, proof=shown | {"challenge": "00" * 32})


def _no_proof(_: dict[str, Any], found: Finding) -> bytes:
    return recorded_with(found.kept, proof=None)


def _own_key(body: dict[str, Any], found: Finding) -> bytes:
    other = issuer_key(OTHER_KEY)
    body["by"]["identity"]["key"] = other.id
    return recorded_with(found.kept, key=other.to_json())


def _es256(_: dict[str, Any], found: Finding) -> bytes:
    key, header = issuer_key(EC_KEY, "two"), {"alg": "ES256", "kid": "two", "typ": "JWT"}
    return recorded_with(found.kept, key=key.to_json(), header=json.dumps(header), proof=None)


def _said(**others: Any) -> Any:  # noqa: ANN401 — a bend
    def bend(body: dict[str, Any], found: Finding) -> bytes | None:
        body["by"]["identity"] |= others
        return found.kept

    return bend


def _gone(body: dict[str, Any], found: Finding) -> bytes | None:
    del body["by"]["identity"]
    return found.kept


def _unkept(_: dict[str, Any], __: Finding) -> bytes | None:
    return None


@pytest.mark.parametrize(
    ("bend", "words"),
    [
        pytest.param(_as_another, "does not show that the issuer signed", id="another actor"),
        pytest.param(lambda _, f: payload(f.kept, actor="somebody"), "not those of the closing entry", id="file alone"),
        pytest.param(_said(claims={"actor": "x"}), "not those of the closing entry", id="closing entry alone"),
        pytest.param(_said(issuer="https://x.example"), "not that of the closing entry", id="issuer"),
        pytest.param(_said(key="0" * 64), "not those of the closing entry", id="key's name"),
        pytest.param(_other_proof, "does not show that the issuer signed", id="another challenge"),
        pytest.param(_no_proof, "does not show that the issuer signed", id="no proof"),
        pytest.param(_own_key, "does not show that the issuer signed", id="a key of one's own"),
        pytest.param(_es256, "not those of the closing entry", id="ES256 instead"),
        pytest.param(lambda _, f: recorded_with(f.kept, more=1), "its one form", id="more members"),
        pytest.param(
            lambda _, f: recorded_with(f.kept, key=KEY.to_json() | {"use": "sig"}),
            "its key is none",
            id="a key in another form",
        ),
        pytest.param(lambda _, f: recorded_with(f.kept, header=1), "malformed", id="header of another kind"),
        pytest.param(lambda _, f: recorded_with(f.kept, proof=[]), "its proof is none", id="proof of another kind"),
        pytest.param(lambda _, f: (f.kept or b"") + b"\n", "its one form", id="a byte more"),
        pytest.param(lambda *_: b"{}", "its one form", id="empty"),
        pytest.param(lambda *_: b"[" * 50_000, "malformed", id="nested"),
        pytest.param(_unkept, "missing, and the closing entry", id="no file"),
        pytest.param(_said(state="claimed"), "says that nothing is proven", id="file beside a claim"),
        pytest.param(_gone, "says that nothing is proven", id="file beside nothing"),
        pytest.param(_said(state="vouched for"), "a state of its own", id="a state of its own"),
        pytest.param(_said(sha256="0" * 64), "not the one that the closing", id="another file"),
    ],
)
def test_what_a_key_holder_bends_is_caught(forge: Forge, bend: Any, words: str) -> None:  # noqa: ANN401 — a bend
    """Whatever is changed in what a run recorded of its token, under a seal that holds, is found by the verifier."""
    folder = sealed(forge, bend=bend)
    with pytest.raises(EvidenceInvalid, match=words):
        verify_run(folder, believing(forge, *keys()))
