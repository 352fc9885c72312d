"""The index's document: what stands outside of the markers is nobody's to touch."""

from hypothesis import given
from hypothesis import strategies as st

from apgms_ops.evidence.index.document import BEGIN, END, between, escaped, replaced

WORDS = st.text(max_size=200).filter(lambda text: "<!--" not in text and "\r" not in text)


@given(before=WORDS, old=WORDS, after=WORDS, table=WORDS.map(str.strip))
def test_everything_outside_of_the_markers_stays(before: str, old: str, after: str, table: str) -> None:
    """Byte for byte; and what was put between is read back."""
    done = replaced(f"{before}{BEGIN}{old}{END}{after}", table)
    assert done.startswith(before + BEGIN)
    assert done.endswith(END + after)
    assert between(done) == table


@given(name=st.text(max_size=100))
def test_no_text_leaves_its_cell(name: str) -> None:
    """Whatever a file is called: one line, and no column more than there was."""
    cell = escaped(name)
    assert len(cell.splitlines()) <= 1
    assert "|" not in cell.replace("\\|", "")
    assert not {"<", ">", "`"} & set(cell.replace("\\<", "").replace("\\>", "").replace("\\`", ""))


def test_line_breaks_of_windows_stay() -> None:
    """A document with CRLF keeps CRLF."""
    done = replaced(f"a\r\n{BEGIN}\r\n{END}\r\nb", "| x |\n| y |")
    assert done == f"a\r\n{BEGIN}\r\n| x |\r\n| y |\r\n{END}\r\nb"
