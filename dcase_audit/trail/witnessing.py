"""Ask a witness to cosign a checkpoint. Source: C2SP tlog-witness, add-checkpoint."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from dcase_audit.trail.asking import Answer, Unanswered, post
from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.notes import (
    Note,
    NoteMalformed,
    Signature,
    SignatureInvalid,
    VerifierKey,
    encode_base64,
    parse_signatures,
    verify,
)

LARGEST_ANSWER = 64 * 1024
SIZE = re.compile(rb"(0|[1-9][0-9]{0,17})\n")


class WitnessUnavailable(Exception):
    """The witness did not answer, or not for a reason that has to do with the checkpoint: ask again later."""


class WitnessRefused(Exception):
    """The witness answered and gave no good cosignature; ``size`` is the larger one it has cosigned, if it said so.

    A log that is refused so has lost what it signed, or a key or a witness is not the one that was agreed on.
    """

    def __init__(self, status: int, said: str, size: int | None = None) -> None:
        super().__init__(f"{status}: {said}")
        self.status = status
        self.said = said
        self.size = size


def cosigned(
    url: str,
    note: Note,
    old_size: int,
    proof_for: Callable[[int], Sequence[bytes]],
    keys: Iterable[VerifierKey],
    timeout: float,
) -> tuple[Signature, ...]:
    """Return the cosignatures of a log's signed checkpoint by ``keys``, all of them verified.

    ``url`` is the witness's submission prefix, ``old_size`` what it is thought to have cosigned last; where it says
    another size, it is asked once more from there. ``proof_for`` gives the consistency proof from a size on.

    Raises:
        WitnessUnavailable: no answer within ``timeout`` seconds for each of the two requests, or a passing trouble.
        WitnessRefused: anything else but a good cosignature.
    """
    size = Checkpoint.parse(note.text).size
    answer = _post(url, note, old_size, proof_for, timeout)
    if answer.status == 409:
        known = _known_size(answer, old_size, size)
        answer = _post(url, note, known, proof_for, timeout)
    if answer.status != 200:
        raise WitnessRefused(answer.status, answer.said)
    try:
        found = verify(Note(note.text, parse_signatures(answer.body.decode())), keys)
    except (UnicodeDecodeError, NoteMalformed, SignatureInvalid) as error:
        raise WitnessRefused(answer.status, f"no good cosignature: {error}") from None
    return tuple(verified.signature for verified in found)


def _known_size(answer: Answer, asked: int, size: int) -> int:
    matched = SIZE.fullmatch(answer.body)
    if not matched:
        raise WitnessRefused(answer.status, answer.said)
    known = int(matched[1])
    if known == asked:
        raise WitnessRefused(answer.status, f"it has cosigned another root at size {known}", known)
    if known > size:
        raise WitnessRefused(answer.status, f"it has cosigned size {known}, and this checkpoint has {size}", known)
    return known


def _post(url: str, note: Note, old: int, proof_for: Callable[[int], Sequence[bytes]], timeout: float) -> Answer:
    lines = [f"old {old}", *map(encode_base64, proof_for(old))]
    body = "".join(f"{line}\n" for line in lines).encode() + b"\n" + note.format()
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    try:
        return post(f"{url.rstrip('/')}/add-checkpoint", body, headers, timeout=timeout, largest=LARGEST_ANSWER)
    except Unanswered as error:
        raise WitnessUnavailable(str(error)) from None
