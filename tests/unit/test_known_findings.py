"""Accepted findings: the file, and what a run says about them."""

from pathlib import Path

import pytest

from lock_harness.campaign.findings import RunFinding
from lock_harness.core.errors import UserError
from lock_harness.frontends.known_findings import KnownFindings, read_known_findings, without_accepted
from tests.runs import run

GOOD = """
[[finding]]
id = "3f9a1c2e"
reason = "the fix is planned"

[[finding]]
id = "00000000"
reason = '''two
lines'''
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "known.toml"


def test_a_file_has_an_identity_and_a_reason_for_each_finding(file: Path) -> None:
    file.write_text(GOOD)
    known = read_known_findings(file)
    assert known.reasons == {"3f9a1c2e": "the fix is planned", "00000000": "two lines"}


def test_an_empty_file_accepts_nothing(file: Path) -> None:
    file.write_text("")
    assert read_known_findings(file).reasons == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[finding]", "is not a TOML file"),
        ("[[findings]]\nid = '3f9a1c2e'", "has no key 'findings'"),
        ("finding = 3", "is not a list"),
        ("finding = ['3f9a1c2e']", "finding 1 is '3f9a1c2e'"),
        ("[[finding]]\nreason = 'x'", "id = None must be the 8 hex digits"),
        ("[[finding]]\nid = '3F9A1C2E'\nreason = 'x'", "id = '3F9A1C2E' must be"),
        ("[[finding]]\nid = '3f9a1c2e'", "3f9a1c2e has no reason"),
        ("[[finding]]\nid = '3f9a1c2e'\nreason = ' '", "3f9a1c2e has no reason"),
        ("[[finding]]\nid = '3f9a1c2e'\nreason = 'x'\nwhy = 1", "has no key 'why'"),
        (GOOD + "[[finding]]\nid = '00000000'\nreason = 'x'", "finding 3: 00000000 occurs twice"),
    ],
)
def test_a_mistake_in_the_file_is_one_line(file: Path, text: str, words: str) -> None:
    file.write_text(text)
    with pytest.raises(UserError) as raised:
        read_known_findings(file)
    assert str(raised.value).startswith(str(file))
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_file_that_does_not_exist_is_one_line(file: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read the known findings .*known\.toml: No such file"):
        read_known_findings(file)


def test_a_scenario_is_accepted_only_if_all_its_findings_are() -> None:
    known = KnownFindings(Path("k"), {"3f9a1c2e": "why"})
    findings = [
        RunFinding(run(), "3f9a1c2e", ["crashes", "races"]),
        RunFinding(run(), "11111111", ["races", "handover"]),
    ]
    assert known.accepted_only(findings) == {"crashes"}


def test_the_violations_of_accepted_findings_do_not_count() -> None:
    runs = [
        run(scenario="crashes"),
        run(scenario="races"),
        run(scenario="crashes", status="unknown"),
    ]
    assert without_accepted(runs, {"crashes"}) == runs[1:]


def test_an_accepted_finding_that_disappears_is_reported() -> None:
    known = KnownFindings(Path("k.toml"), {"aaaaaaaa": "A", "bbbbbbbb": "B", "cccccccc": "C"})
    assert list(known.disappeared(met={"aaaaaaaa"}, gone={"bbbbbbbb"})) == [
        "known finding bbbbbbbb did not occur any more: remove it from k.toml (B)",
        "known finding cccccccc did not occur in this run: if it is fixed, remove it from k.toml (C)",
    ]
