"""Whom a verifier trusts: logs, witnesses, and how many of them have to have cosigned.

Source: C2SP tlog-policy; of the address of a log, which it leaves to applications, docs/verification.md section 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dcase_audit.trail.tlog.checkpoints import Checkpoint
from dcase_audit.trail.tlog.notes import (
    COSIGNATURE,
    ED25519,
    Note,
    NoteMalformed,
    SignatureInvalid,
    VerifierKey,
    verify,
)
from dcase_audit.trail.tlog.succession import ALL, Sizes

NONE = "none"
SIZES = "sizes:"
# Names of keys whose owner runs the log as well, as in the demo (docs/verification.md section 3).
SAME_HOST = "same-host.invalid/"
LARGEST_POLICY = 256 * 1024
FORBIDDEN = re.compile(rb"[^\t\x20-\x7e\x80-\xff]")
THRESHOLD = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)


class PolicyMalformed(Exception):
    """The policy cannot be used; ``line`` counts from 1, and is 0 where no line is to blame."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}" if line else why)
        self.line = line


@dataclass(frozen=True)
class Log:
    """A key of a log that is trusted to sign checkpoints of these sizes; it is named as the log's origin."""

    key: VerifierKey
    url: str = ""
    sizes: Sizes = ALL


@dataclass(frozen=True)
class Witness:
    """A witness; ``name`` has a meaning within the policy only."""

    name: str
    key: VerifierKey
    url: str = ""

    @property
    def independent(self) -> bool:
        return not self.key.name.startswith(SAME_HOST)


@dataclass(frozen=True)
class Group:
    """It has witnessed what at least ``threshold`` of its members have."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass
class Policy:
    """Groups come after their members; ``quorum`` names a witness or a group, or is ``none``."""

    logs: list[Log] = field(default_factory=list)
    witnesses: list[Witness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str = ""

    def holds(self, cosigned: set[str]) -> bool:
        """Tell whether these witnesses, by their names in the policy, are enough."""
        met = set(cosigned)
        for group in self.groups:
            if len(met.intersection(group.members)) >= group.threshold:
                met.add(group.name)
        return self.quorum == NONE or self.quorum in met


@dataclass(frozen=True)
class Cosigned:
    """A witness of the policy, and the POSIX time at which it first cosigned."""

    witness: Witness
    at: int


@dataclass(frozen=True)
class Judgement:
    """What a note is worth to a policy. Nothing is proven by it unless ``quorum`` is true."""

    checkpoint: Checkpoint
    log: VerifierKey
    cosigned: tuple[Cosigned, ...]
    quorum: bool

    @property
    def not_independent(self) -> tuple[Witness, ...]:
        """Return the witnesses among them that the operator of the log runs itself."""
        return tuple(found.witness for found in self.cosigned if not found.witness.independent)


def judge(policy: Policy, note: Note) -> Judgement:
    """Say who signed a checkpoint and whether the quorum holds.

    Raises:
        CheckpointMalformed: the note is not a checkpoint.
        SignatureInvalid: no log of the policy signed it under its own origin and for its size, or a known key's
            signature is bad.
    """
    checkpoint = Checkpoint.parse(note.text)
    known = [log.key for log in policy.logs] + [witness.key for witness in policy.witnesses]
    verified = verify(note, known)
    logs = {log.key: log.sizes for log in policy.logs if log.key.name == checkpoint.origin}
    signers = [found.key for found in verified if found.key in logs]
    if not signers:
        raise SignatureInvalid(f"no log of the policy signed for {checkpoint.origin}")
    signers = [key for key in signers if logs[key].hold(checkpoint.size)]
    if not signers:
        raise SignatureInvalid(f"no key that signed is one for checkpoints of size {checkpoint.size}")
    times: dict[VerifierKey, int] = {}
    for found in verified:
        if found.at is not None:
            times[found.key] = min(found.at, times.get(found.key, found.at))
    cosigned = tuple(Cosigned(witness, times[witness.key]) for witness in policy.witnesses if witness.key in times)
    quorum = policy.holds({found.witness.name for found in cosigned})
    return Judgement(checkpoint, signers[0], cosigned, quorum)


def parse(data: bytes) -> Policy:
    """Read a policy.

    Raises:
        PolicyMalformed: it has no or two quorums, a name that is not defined above, a key twice, a key of another
            type, a character that is not allowed, or a line that is none of these.
    """
    if len(data) > LARGEST_POLICY:
        raise PolicyMalformed(0, f"the policy has {len(data)} bytes; the limit is {LARGEST_POLICY}")
    reading = _Reading()
    for number, line in enumerate(data.split(b"\n"), start=1):
        try:
            reading.line(line)
        except ValueError as error:
            raise PolicyMalformed(number, str(error)) from None
    if not reading.policy.quorum:
        raise PolicyMalformed(0, "there is no quorum line")
    return reading.policy


class _Reading:
    """A policy as far as it is read; what is wrong with a line is raised as a ``ValueError``."""

    def __init__(self) -> None:
        self.policy = Policy()
        self._names: set[str] = {NONE}
        self._members: set[str] = set()

    def line(self, line: bytes) -> None:
        if found := FORBIDDEN.search(line):
            raise ValueError(f"byte {found.start()} is a control character")
        # Names are bytes: what is not UTF-8 is carried through and compared as it is.
        words = [word for word in re.split("[ \t]+", line.decode(errors="surrogateescape")) if word]
        if not words or words[0].startswith("#"):
            return
        kinds = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        if words[0] not in kinds:
            raise ValueError("the line is neither log, witness, group nor quorum")
        kinds[words[0]](words[1:])

    def _log(self, words: list[str]) -> None:
        if len(words) not in (1, 2):
            raise ValueError("log <vkey> [<url>] is expected")
        key = _key(words[0], ED25519, [log.key for log in self.policy.logs])
        self.policy.logs.append(_log(key, *words[1:]))

    def _witness(self, words: list[str]) -> None:
        if len(words) not in (2, 3):
            raise ValueError("witness <name> <vkey> [<url>] is expected")
        key = _key(words[1], COSIGNATURE, [witness.key for witness in self.policy.witnesses])
        self._define(words[0])
        self.policy.witnesses.append(Witness(words[0], key, *words[2:]))

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise ValueError("group <name> all|any|<k> <name>... is expected")
        name, wanted, *members = words
        for member in members:
            self._defined(member)
            if member == NONE or member in self._members:
                raise ValueError(f"{_shown(member)} cannot be a member, or is one already")
            self._members.add(member)
        self._define(name)
        self.policy.groups.append(Group(name, _threshold(wanted, len(members)), tuple(members)))

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1:
            raise ValueError("quorum <name> is expected")
        if self.policy.quorum:
            raise ValueError("there is a quorum line already")
        self._defined(words[0])
        self.policy.quorum = words[0]

    def _define(self, name: str) -> None:
        if name in self._names:
            raise ValueError(f"the name {_shown(name)} is taken")
        self._names.add(name)

    def _defined(self, name: str) -> None:
        if name not in self._names:
            raise ValueError(f"nothing above is called {_shown(name)}")


def _log(key: VerifierKey, address: str = "") -> Log:
    """Read the address: one of the web, or the sizes that the key signs. No slip may become a key without limits."""
    if address.startswith(SIZES):
        return Log(key, sizes=Sizes.parse(address.removeprefix(SIZES)))
    if address and not address.startswith(("https://", "http://")):
        raise ValueError("the address of a log is neither sizes:<first>-[<last>] nor one of the web")
    return Log(key, address)


def _key(vkey: str, type: int, others: list[VerifierKey]) -> VerifierKey:
    try:
        key = VerifierKey.parse(vkey)
    except NoteMalformed as error:
        raise ValueError(str(error)) from None
    if key.type != type:
        raise ValueError(f"a key of type 0x{type:02x} is expected here")
    # The same key under two names would count as two.
    if any(other.public == key.public for other in others):
        raise ValueError(f"the key of {key.name} is there already")
    return key


def _threshold(wanted: str, members: int) -> int:
    if wanted in ("all", "any"):
        return members if wanted == "all" else 1
    if not THRESHOLD.fullmatch(wanted) or int(wanted) > members:
        raise ValueError(f"all, any or a number from 1 to {members} is expected")
    return int(wanted)


def _shown(name: str) -> str:
    return name.encode(errors="surrogateescape").decode(errors="replace")
