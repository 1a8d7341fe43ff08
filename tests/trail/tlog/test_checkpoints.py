"""Checkpoints: a round trip and a table of what is refused."""

from __future__ import annotations

import pytest

from dcase_audit.trail.tlog.checkpoints import Checkpoint, CheckpointMalformed
from dcase_audit.trail.tlog.merkle import EMPTY_ROOT
from dcase_audit.trail.tlog.notes import SigningKey, encode_base64, verify

# Source: C2SP tlog-checkpoint.
SAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
ROOT = encode_base64(bytes(32))


def test_the_sample_of_the_specification_is_read_and_written_back() -> None:
    found = Checkpoint.parse(SAMPLE)

    assert (found.origin, found.size, found.root[:2].hex()) == ("example.com/behind-the-sofa", 20852163, "0ac5")
    assert found.text() == SAMPLE


def test_the_empty_log_has_a_checkpoint() -> None:
    assert Checkpoint.parse(Checkpoint("log.example", 0, EMPTY_ROOT).text()).size == 0


def test_the_log_signs_with_the_key_that_is_named_as_its_origin() -> None:
    key, checkpoint = SigningKey.generate("log.example"), Checkpoint("log.example", 1, bytes(32))

    note = checkpoint.signed(key)

    assert [verified.key for verified in verify(note, [key.verifier])] == [key.verifier]
    assert Checkpoint.parse(note.text) == checkpoint
    with pytest.raises(ValueError, match="not the key of"):
        checkpoint.signed(SigningKey.generate("other.example"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "three lines"),
        ("log\n1\n", "three lines"),
        (f"log\n1\n{ROOT}", "three lines"),
        (f"log\n1\n{ROOT}\nextension\n", "three lines"),
        (f"log\n1\n{ROOT}\n\n", "three lines"),
        (f"\n1\n{ROOT}\n", "origin is empty"),
        (f"lo\tg\n1\n{ROOT}\n", "control"),
        (f"log\n\n{ROOT}\n", "whole number"),
        (f"log\n01\n{ROOT}\n", "whole number"),
        (f"log\n+1\n{ROOT}\n", "whole number"),
        (f"log\n-1\n{ROOT}\n", "whole number"),
        (f"log\n1 \n{ROOT}\n", "whole number"),
        (f"log\n1_0\n{ROOT}\n", "whole number"),
        (f"log\n١\n{ROOT}\n", "whole number"),
        (f"log\n{10**18}\n{ROOT}\n", "whole number"),
        ("log\n1\n\n", "32 bytes"),
        ("log\n1\nAAAA\n", "32 bytes"),
        (f"log\n1\n{ROOT[:-1]}\n", "not base64"),
        (f"log\n1\n{ROOT[:-2]}B=\n", "one spelling"),
        (f"log\n0\n{ROOT}\n", "another root"),
    ],
)
def test_malformed_checkpoints_are_refused(text: str, word: str) -> None:
    with pytest.raises(CheckpointMalformed, match=word):
        Checkpoint.parse(text)
