"""What is said of seals and chains: what holds, by whose word, and what nobody verified. Pure."""

from collections import Counter
from datetime import UTC, datetime

from apgms_ops.evidence.survey import Seal, State
from apgms_ops.reports.front.reading import Estate
from apgms_ops.reports.svg import escaped

_NO_EVIDENCE = '<span class="warn">UNSEALED</span>: a record, and no evidence'
_INVALID = '<span class="bad">INVALID</span>'
_UNVERIFIED = '<span class="warn">SEALED, NOT VERIFIED</span>'


def seal_words(seal: Seal) -> str:
    """Return all that is known of a seal, as HTML."""
    proof = seal.proof
    if seal.state is State.INVALID:
        return f"{_INVALID}: {escaped(seal.why)}"
    if seal.state is State.UNSEALED:
        return _NO_EVIDENCE
    if proof is None:
        return f"{_UNVERIFIED}, for no key to verify it by is trusted: {escaped(seal.why)}"
    return f"SEALED, verified by key {escaped(proof.key)}; {_dated(seal)}; {_place(seal)}"


def cell(seal: Seal) -> str:
    """Return the same for a table of many runs: why one was not verified stands there once, above it."""
    if seal.state is State.INVALID:
        return _INVALID
    if seal.state is State.UNSEALED:
        return '<span class="warn">UNSEALED</span>'
    if seal.proof is None:
        return _UNVERIFIED
    return f"SEALED <small>key {escaped(seal.proof.key)}; {_dated(seal)}; {_place(seal)}</small>"


def _dated(seal: Seal) -> str:
    if seal.proof is None or seal.proof.stamp is None:
        why = "" if seal.proof is None else seal.proof.undated
        return f'<span class="warn">UNTIMESTAMPED</span>, the time is only claimed: {escaped(why, limit=160)}'
    stamp = seal.proof.stamp
    return f"dated {moment(stamp.at)} by {escaped(stamp.authority, limit=100)}"


def _place(seal: Seal) -> str:
    if seal.proof is None or seal.proof.seq is None:
        why = "" if seal.proof is None else seal.proof.unchained
        return f'<span class="warn">UNCHAINED</span>: {escaped(why, limit=160)}'
    place = f"run {seal.proof.seq:,} of the chain"
    return f'says {place}, <span class="bad">which does not bear it out</span>' if seal.unplaced else place


def moment(at: datetime) -> str:
    """Return a moment for people, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def counted(estate: Estate) -> str:
    """Return how many runs there are, and how many of them are what; those that trouble a reader stand out."""
    states = Counter(line.seal.state for line in estate.lines)
    proofs = [line.seal.proof for line in estate.lines if line.seal.proof is not None and line.verdict is not None]
    parts = [f"{states[State.VERIFIED]:,} sealed and verified"] if states[State.VERIFIED] else []
    troubles = (
        ("bad", states[State.INVALID], "INVALID"),
        ("warn", states[State.UNVERIFIED], "NOT VERIFIED"),
        ("warn", states[State.UNSEALED], "UNSEALED"),
        ("warn", sum(proof.stamp is None for proof in proofs), "UNTIMESTAMPED"),
        ("warn", sum(proof.seq is None for proof in proofs), "UNCHAINED"),
    )
    parts += [f'<span class="{kind}">{count:,} {what}</span>' for kind, count, what in troubles if count]
    return f"{len(estate.lines):,}: {', '.join(parts)}" if parts else "none is here"


def chain_words(estate: Estate) -> str:
    """Return what is known of the chain of an environment, in short."""
    chain = estate.chain
    if chain.findings:
        return '<span class="bad">does not hold</span>: see below'
    if chain.chained is None:
        return "there is none"
    if chain.unverified:
        runs = "1 run, and it is here" if chain.chained == 1 else f"{chain.chained:,} runs, and all are here"
        return f'<span class="warn">NOT VERIFIED</span>: {runs}'
    left = chain.chained - chain.placed
    if left:
        return f'{chain.placed:,} in their places, <span class="bad">{left:,} INVALID</span>'
    return f"holds: {chain.placed:,} run{'' if chain.placed == 1 else 's, each'} in its place"


def notes(estate: Estate) -> str:
    """Return what is wrong with the chain of an environment, and why its seals were not verified, if that is so."""
    told = ""
    if estate.chain.findings:
        listed = "".join(f"<li>{escaped(finding, limit=2000)}</li>" for finding in estate.chain.findings)
        name = escaped(estate.name)
        told += f'<div class="alarm"><p class="bad">The chain of {name} does not hold.</p><ul>{listed}</ul></div>\n'
    if any(line.seal.state is State.UNVERIFIED for line in estate.lines):
        why = f"for no key to verify them by is trusted: {escaped(estate.chain.unverified)}"
        told += f'<p class="alarm doubt">Runs of {escaped(estate.name)} are {_UNVERIFIED}, {why}</p>\n'
    return told
