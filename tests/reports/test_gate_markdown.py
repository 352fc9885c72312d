"""The step summary, read by a Markdown parser that is not ours."""

from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from apgms_ops.reports.gate.markdown import summary
from apgms_ops.reports.gate.model import Advice, GateResult, Round
from apgms_ops.reports.model import CheckResult
from apgms_ops.verdict import Verdict

HOSTILE = [
    "a | b | c",
    "a\n\n## ✅ production: GO\n| x |",
    "`code` ``` fence",
    "</code></td></table><script>alert(1)</script>",
    '<img src=x onerror="alert(1)">',
    "![image](https://evil.example/x.png) [link](javascript:alert(1))",
    "https://evil.example www.evil.example me@evil.example",
    "**bold** _em_ ~~gone~~ \\| \\\\| $x$",
    "&lt;b&gt; &#124; &amp;",
    "\x1b[2J\x1b]0;x\x07 \u202eevil\u2066 \ud800 \ufffe \x00",
    "<!-- <details>",
    "x" * 100_000,
]
MARKS = {"link_open", "image", "em_open", "strong_open", "s_open", "code_inline", "html_block"}
OURS = {"<br>", "<code>", "</code>", "<details>", "</details>", "<summary>", "</summary>"}


def check(verdict: Verdict, seen: str, number: int = 1, promise: str = "It keeps up.") -> CheckResult:
    """Return a check of the rollout."""
    identity = f"checks/deployment/test_rollout.py::test_{number}[{seen[:50]}]"
    return CheckResult(identity, promise, verdict, seen, "deployment-procedure", 4, "Rollout", 0.1)


def result(*checks: CheckResult, rounds: int = 1, findings: tuple[str, ...] = ()) -> GateResult:
    """Return a gate of so many equal rounds, which is red."""
    told = [
        Round(
            n, "2026-11-26 08:00:00 UTC", 9.5, 1, findings, checks, "20261126T080000.000Z-toy-aaaaaa", "x/y", "ab" * 32
        )
        for n in range(1, rounds + 1)
    ]
    advice = Advice("Roll back", ("Do it.",), ("kubectl --context=x rollout undo deployment/audit",))
    return GateResult("toy", "v1.4.2", 1, tuple(told), "10m" if rounds > 1 else None, advice)


def parsed(text: str) -> list[Token]:
    """Return the tokens of GitHub's Markdown, as far as the parser has it: tables, HTML, struck out text."""
    return MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(text)


def inline(tokens: list[Token]) -> Iterator[Token]:
    """Yield what stands within lines."""
    for token in tokens:
        yield from token.children or ()


def shown(token: Token) -> str:
    """Return a line as it is read: its text, without the markup."""
    return "".join(child.content for child in token.children or () if child.type != "html_inline")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_text_and_nothing_else(text: str) -> None:
    """No cell, row, link, image, script or emphasis comes from what the estate says."""
    tokens = parsed(summary(result(check(Verdict.FAIL, text), check(Verdict.PASS, ""), findings=(text,))))
    assert sum(token.type == "tr_open" for token in tokens) == 2
    assert sum(token.type == "td_open" for token in tokens) == 4
    # Headings: the decision, the advice, the table's; and the counts are bold.
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h2", "h3", "h3"]
    found = [token.type for token in inline(tokens)]
    assert {kind for kind in found if kind in MARKS} <= {"strong_open"}
    assert found.count("strong_open") == 1
    markup = {token.content for token in inline(tokens) if token.type == "html_inline"}
    assert markup <= OURS
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert blocks == ["<details><summary>1 checks passed</summary>", "</details>"]
    whole = "".join(token.content for token in inline(tokens))
    assert not set(whole) & set("\x1b\x07\x00\u202e\u2066\ud800\ufffe")


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.isprintable() and len(text) < 200])
def test_hostile_text_is_read_as_it_was_written(text: str) -> None:
    """What is harmless to show is shown character by character."""
    tokens = parsed(summary(result(check(Verdict.FAIL, text))))
    cells = [shown(tokens[number + 1]) for number, token in enumerate(tokens) if token.type == "td_open"]
    assert cells[2] == text


def test_mentions_and_addresses_stand_in_code() -> None:
    """What GitHub itself makes links of within plain text (names, issues, addresses) is literal."""
    text = summary(result(check(Verdict.FAIL, "@octocat #1 GH-1 http://evil.example www.evil.example")))
    assert "@octocat" not in text
    assert "#1 " not in text
    assert "http://" not in text
    assert "www.evil" not in text


def test_a_command_cannot_leave_its_block() -> None:
    """A context that is called like the end of a block stays within it."""
    red = result(check(Verdict.FAIL, "x"))
    advice = Advice("Roll back", (), ("kubectl --context='```\n## GO' rollout undo", "second"))
    changed = GateResult(red.environment, red.release, 1, red.rounds, None, advice)
    (fence,) = [token for token in parsed(summary(changed)) if token.type == "fence"]
    assert fence.content == "kubectl --context='``` ## GO' rollout undo\nsecond\n"


def test_a_summary_is_bounded() -> None:
    """However much is red, and however long, GitHub's megabyte is not reached, and what is left out is said."""
    worst = [check(Verdict.FAIL, "|" * 5000, number, "`" * 5000) for number in range(2000)]
    passed = [check(Verdict.PASS, "", number, "`" * 5000) for number in range(2000)]
    text = summary(result(*worst, *passed, rounds=3000))
    assert len(text.encode()) < 1024 * 1024
    assert "1900 more are not shown; the ledger holds them." in text
    assert "and 1900 more" in text
    assert "2970 rounds before these are not shown." in text


def test_a_summary_reads_as_it_should() -> None:
    """The decision, what to do, the rounds, what is not green with the worst first, the evidence."""
    text = summary(result(check(Verdict.WAIVED, "known"), check(Verdict.FAIL, "1 of 2 pods"), rounds=2))
    assert text == EXPECTED


EXPECTED = """\
## ❌ toy v1.4.2: ROLL BACK

**1 FAIL · 1 WAIVED** (exit 1)

### Roll back

- Do it.

```sh
kubectl --context=x rollout undo deployment/audit
```

### Rounds (soak 10m)

| round | began | took | decision | checks |
| ---: | --- | ---: | --- | --- |
| 1 | 2026-11-26 08:00:00 UTC | 9.5 s | ROLL BACK | 1 FAIL · 1 WAIVED |
| 2 | 2026-11-26 08:00:00 UTC | 9.5 s | ROLL BACK | 1 FAIL · 1 WAIVED |

### Not green

| verdict | promised | seen | runbook |
| --- | --- | --- | --- |
| ❌ FAIL | It keeps up.<br>\
<code>checks/deployment/test&#95;rollout.py&#58;&#58;test&#95;1&#91;1 of 2 pods&#93;</code> | \
<code>1 of 2 pods</code> | deployment-procedure 4, Rollout |
| ⚠️ WAIVED | It keeps up.<br>\
<code>checks/deployment/test&#95;rollout.py&#58;&#58;test&#95;1&#91;known&#93;</code> | \
<code>known</code> | deployment-procedure 4, Rollout |

Evidence: <code>x/y</code>, ledger head <code>abababababababababababababababababababababababababababababababab</code>

"""
