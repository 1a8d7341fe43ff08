"""The witness of ``make run`` trusts every key of the log for what it signs, and its policy says so."""

from __future__ import annotations

from pathlib import Path

from dcase_audit.embedded.witness import Witness
from dcase_audit.trail.standalone import witness as standalone
from dcase_audit.trail.tlog.notes import SigningKey
from dcase_audit.trail.tlog.policy import parse
from dcase_audit.trail.tlog.succession import ALL, Sizes, Term, format_terms

OLD, NEW = (SigningKey("localhost/trail", bytes([number] * 32)).verifier for number in (1, 2))


def test_a_log_with_one_key_is_trusted_for_everything(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness", 0)

    key = witness.prepare(format_terms([Term(OLD, ALL)]))

    policy = parse(witness.policy.read_bytes())
    assert [(log.key, log.sizes) for log in policy.logs] == [(OLD, ALL)]
    assert [each.key.vkey() for each in policy.witnesses] == [key]


def test_a_change_of_keys_is_taken_over_at_the_next_start(tmp_path: Path) -> None:
    witness = Witness(tmp_path / "witness", 0)
    witness.prepare(format_terms([Term(OLD, ALL)]))
    changed = [Term(OLD, Sizes(0, 1200)), Term(NEW, Sizes(951))]

    witness.prepare(format_terms(changed))

    assert [Term(log.key, log.sizes) for log in parse(witness.policy.read_bytes()).logs] == changed
    (log,) = standalone.Witness(tmp_path / "witness").state()["logs"]
    assert log["keys"] == [f"{OLD.vkey()} 0-1200", f"{NEW.vkey()} 951-"]
