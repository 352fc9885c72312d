"""A page of Allure's, made to ask no other host for anything."""

import base64
import re

import pytest

from apgms_ops.errors import ReportError
from apgms_ops.reports.html.offline import foreign, offline


def data(code: str) -> str:
    """Return a script as a single-file page of Allure's carries it."""
    return f"data:text/javascript;base64,{base64.b64encode(code.encode()).decode()}"


def page(extra: str = "", code: str = "draw()") -> str:
    """Return a page of the form that Allure draws, with something added to its body."""
    return f"""<!DOCTYPE html>
<html dir="ltr" lang="en">
<head>
    <meta charset="utf-8">
    <title>Allure Report</title>
    <link rel="icon" href="data:image/x-icon;base64,AAAA">
    <link rel="stylesheet" type="text/css" href="data:text/css;base64,{base64.b64encode(b"a{}").decode()}">
</head>
<body>
    <script src="{data(code)}"></script>
    <script async src="https://www.googletagmanager.com/gtag/js?id=G-X"></script>
    <script>
        window.dataLayer = window.dataLayer || [];
        function gtag(){{dataLayer.push(arguments);}}
        gtag('config', 'G-X');
    </script>
    <script defer>d('data/a.json','e30=')</script>
    {extra}
</body>
</html>
"""


def test_the_analytics_are_gone() -> None:
    """Neither the tag of another host nor the script that feeds it is left; Allure's own scripts are."""
    done = offline(page(), "a run")
    assert "google" not in done
    assert "gtag" not in done
    assert "<script>draw()</script>" in done
    assert "<script>d('data/a.json','e30=')</script>" in done


def test_only_the_scripts_that_are_there_may_run() -> None:
    """The policy comes before everything else, forbids all, and lists each script by its digest."""
    done = offline(page(), "a run")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', done)
    assert policy is not None
    assert done.index("Content-Security-Policy") < done.index("<title>")
    directives = dict(part.strip().split(" ", 1) for part in policy[1].split(";"))
    assert directives["default-src"] == "'none'"
    assert len(directives["script-src"].split()) == 2
    assert all(source.startswith("'sha256-") for source in directives["script-src"].split())
    assert not any("http" in value or "*" in value for value in directives.values())


def test_a_script_that_names_its_own_end_stays_one_script() -> None:
    """An end tag within a script's text does not end it where it is written into the page."""
    done = offline(page(code='x = "</script><b>"; y = "<!--"'), "a run")
    assert r'x = "<\/script><b>"; y = "<\!--"' in done


def test_a_title_is_only_text() -> None:
    """Whatever the environment is called, the title ends where it should."""
    assert "<title>&lt;/title&gt;&lt;script&gt;</title>" in offline(page(), "</title><script>")


@pytest.mark.parametrize(
    ("extra", "address"),
    [
        ('<img src="https://a.example/x.png">', "https://a.example/x.png"),
        ('<link rel="preconnect" href="//a.example">', "//a.example"),
        ("<iframe src='HTTP://a.example/'></iframe>", "HTTP://a.example/"),
        ('<object data="x.svg"></object>', "x.svg"),
        ('<div style="background: url(https://a.example/y)"></div>', "https://a.example/y"),
        ("<style>@import 'https://a.example/z.css';</style>", "https://a.example/z.css"),
        ('<meta http-equiv="Refresh" content="0; url=https://a.example">', "0; url=https://a.example"),
        (
            '<link rel="stylesheet" href="data:text/css;base64,'
            + base64.b64encode(b"@font-face{src:url(https://a.example/f.woff)}").decode()
            + '">',
            "https://a.example/f.woff",
        ),
    ],
)
def test_a_reference_to_another_host_refuses_the_page(extra: str, address: str) -> None:
    """Images, frames, styles, fonts and redirections from elsewhere: the page is not written, and the address named."""
    assert address in foreign(page(extra))
    with pytest.raises(ReportError, match=r"refers to other hosts: .*nothing was written"):
        offline(page(extra), "a run")


def test_data_within_the_page_is_not_foreign() -> None:
    """What the page carries itself, and places within it, refer to nobody."""
    assert foreign(offline(page('<a href="#top"></a><img src="data:image/png;base64,AAAA">'), "a run")) == []


@pytest.mark.parametrize("strange", ["", "<html></html>", "<html><head><title>x</title></head></html>"])
def test_a_page_of_another_form_is_refused(strange: str) -> None:
    """What Allure never draws is not passed on as if it had been made harmless."""
    with pytest.raises(ReportError, match="another form than expected"):
        offline(strange, "a run")
