"""Many small results in one call: one a line, one answer a line, each once by its own key."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import IntegrityError
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from dcase_audit import clock, strict_json
from dcase_audit.accounts import permissions
from dcase_audit.accounts.models import ApiToken
from dcase_audit.api_errors import document, log, refusal_of
from dcase_audit.api_fields import Body, Key, Moment, Sha256, Text, Whole
from dcase_audit.api_refusals import BodyTooLarge, Malformed
from dcase_audit.api_schema import described
from dcase_audit.api_views import ApiView, AsStored
from dcase_audit.converters import LARGEST_ID
from dcase_audit.errors import AuditError, NotAllowed, NotFound
from drills import services
from drills.api.shapes import JSON, new_receipts
from drills.api.uploads import note
from drills.formats import IMPORTERS, native
from drills.models import Drill, DrillResult, Occurrence
from evidence import idempotency

LINES = "application/x-ndjson"
MOST_LINES = 500
MOST_BYTES = 10 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
# So many lines, or bytes of them, are taken in together; they are what is held of a body.
CHUNK = 100
LARGEST_CHUNK = 1024 * 1024
ROUTE = "POST /api/v1/drill-results"
EXAMPLE = """One result a line:
`{"drill": "night-failover", "key": "night-2026-11-20", "file": "{\\"schema\\": \\"dcase-drill/1\\", ...}"}`.
`file` is the file as text, kept as its UTF-8; `format` (default `native`), `name`, `sha256`, `occurrence`, `started_at`
and `ended_at` are those of a single upload."""
ANSWER = """One answer a line, in the order of the lines:
`{"line": 1, "key": "...", "status": 201, "replayed": false, "receipt": {...}}`, or `{"line": 2, "key": "...",
"status": 422, "problem": {...}}`. `receipt` is what a single upload is answered with."""


class LineBody(Body):
    """A result with what stands beside it, as one line has it."""

    drill = Key(max_length=60)
    key = Text(max_length=255, allow_blank=False)
    file = Text(allow_blank=False, help_text="The file as text.")
    format = serializers.ChoiceField(sorted(IMPORTERS), default=native.FORMAT)
    name = Text(max_length=255, default="result.json")
    sha256 = Sha256(required=False)
    occurrence = Whole(required=False, allow_null=True, min_value=1, max_value=LARGEST_ID)
    started_at = Moment(required=False, allow_null=True)
    ended_at = Moment(required=False, allow_null=True)


class StreamParser(BaseParser):
    """Leave the body where it is; the view reads it line by line."""

    media_type = LINES

    def parse(  # type: ignore[override]
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> IO[Any]:
        return stream


class DrillResultBatchView(ApiView):
    """Small results of any drills, many at once."""

    scope = ApiToken.Scope.DRILLS
    parser_classes = [StreamParser]
    content_negotiation_class = AsStored

    @described(
        "Upload many small results",
        {(200, LINES): {"type": "string", "description": ANSWER}},
        problems=(411, 413, 415),
        request={LINES: {"type": "string", "description": EXAMPLE}},
        description=f"Up to {MOST_LINES} lines, {MOST_BYTES} bytes, {LONGEST_LINE} a line. A line that is refused stops"
        " no other; send the call again with the same keys after any other answer than 200.",
        tag="drills",
    )
    def post(self, request: Request) -> HttpResponse:
        # Without any byte, no parser is asked.
        body: Any = request.data or io.BytesIO()
        read = (self._read(number, line) for number, line in lines(body))
        answers = [json.dumps(answer) for chunk in chunks(read) for answer in self._take(chunk)]
        if not answers:
            raise Malformed("The body holds no line.")
        return HttpResponse("".join(f"{answer}\n" for answer in answers), content_type=LINES)

    def _read(self, number: int, text: bytes) -> Line:
        """Read one line; what is wrong with it is its answer."""
        line = Line(number, len(text))
        try:
            members = strict_json.loads_object(text, limit=LONGEST_LINE)
            line.said_key = members["key"][:255] if isinstance(members.get("key"), str) else ""  # type: ignore[index]
            line.values = self.body(LineBody, members)
        except Exception as error:
            line.answer = _refusal(error)
            return line
        line.drill_key, line.key = line.values.pop("drill"), line.values.pop("key")
        line.data = line.values.pop("file").encode()
        line.sha256 = hashlib.sha256(line.data).hexdigest()
        return line

    def _take(self, chunk: list[Line]) -> list[JSON]:
        """Take lines in together; where that is refused, each by itself."""
        try:
            self._take_together([line for line in chunk if line.answer is None])
        except (AuditError, IntegrityError) as error:
            is_ours = isinstance(error, AuditError) and error.status >= 500
            if len(chunk) > 1 and not is_ours:
                return [answer for line in chunk for answer in self._take([line])]
            chunk[0].answer = _refusal(error)
        refused = [(line, line.answer) for line in chunk if isinstance(line.answer, AuditError)]
        for _, refusal in refused:
            log(refusal, self.request._request, refusal)
        note(self, [services.Refused(line.drill, why, line.sha256) for line, why in refused if line.drill is not None])
        return [self._answer(line) for line in chunk]

    def _take_together(self, taken: list[Line]) -> None:
        """Answer each line by what came of it, in one transaction."""
        self._find_drills(taken)
        asked = [line for line in taken if line.answer is None]
        if not asked:
            return
        found = idempotency.once_each(
            self.user,
            ROUTE,
            [idempotency.Asked(line.key, line.fingerprint) for line in asked],
            lambda places: self._record([asked[place] for place in places]),
        )
        for line, done in zip(asked, found, strict=True):
            line.answer = done

    def _find_drills(self, taken: list[Line]) -> None:
        drills = Drill.objects.visible_to(self.user).select_related("department", "artefact__custodian")
        found = {drill.key: drill for drill in drills.filter(key__in={line.drill_key for line in taken})}
        for line in taken:
            drill = found.get(line.drill_key)
            if drill is None:
                line.answer = NotFound()
            elif not permissions.may_upload_drill_results(self.access, department_id=drill.department_id):
                line.answer = NotAllowed("This drill is another department's.")
            else:
                line.drill = drill

    def _record(self, wanted: list[Line]) -> list[idempotency.Done | AuditError]:
        """Return what each line came to: a receipt, or what refuses it."""
        numbers = {line.values["occurrence"] for line in wanted if line.values.get("occurrence") is not None}
        occurrences = Occurrence.objects.in_bulk(numbers) if numbers else {}
        uploads = [line.upload(occurrences) for line in wanted]
        found = services.record_results(
            [upload for upload in uploads if isinstance(upload, services.Upload)],
            actor=self.user,
            at=clock.now(),
            through=self.through,
        )
        # Both are in the order of the lines, as far as these got so far.
        shown = iter(new_receipts([result for result in found if isinstance(result, DrillResult)]))
        came = iter([idempotency.Done(201, next(shown)) if isinstance(one, DrillResult) else one for one in found])
        return [upload if isinstance(upload, AuditError) else next(came) for upload in uploads]

    def _answer(self, line: Line) -> JSON:
        said = {"line": line.number, "key": line.said_key}
        if isinstance(line.answer, AuditError):
            problem = document(line.answer, self.request._request)
            return {**said, "status": line.answer.status, "problem": problem}
        assert line.answer is not None
        done, is_replay = line.answer
        return {**said, "status": done.status, "replayed": is_replay, "receipt": done.body}


@dataclass
class Line:
    """A line of a body: where it stands, how long it is, what it says, and what came of it."""

    number: int
    size: int
    said_key: str = ""
    key: str = ""
    drill_key: str = ""
    drill: Drill | None = None
    values: dict[str, Any] = field(default_factory=dict)
    data: bytes = b""
    sha256: str = ""
    answer: tuple[idempotency.Done, bool] | AuditError | None = None

    @property
    def fingerprint(self) -> str:
        """What other sendings of the line have in common with it."""
        fields = [("drill", self.drill_key), *((name, str(value)) for name, value in self.values.items())]
        return idempotency.fingerprint("POST", ROUTE, fields, [self.sha256])

    @property
    def marks(self) -> set[tuple[str, ...]]:
        """What no two lines of a chunk have in common: the key, and the same bytes for one drill."""
        return {(self.key,), (self.drill_key, self.sha256)} if self.answer is None else set()

    def upload(self, occurrences: Mapping[int, Occurrence]) -> services.Upload | NotFound:
        """Return what is to be recorded; a refusal where the line names an occurrence that its drill has not."""
        assert self.drill is not None
        number = self.values.get("occurrence")
        occurrence = occurrences.get(number) if number is not None else None
        if number is not None and (occurrence is None or occurrence.drill_id != self.drill.pk):
            return NotFound("This drill has no such occurrence.", pointer="/occurrence")
        return services.Upload(self.drill, self.data, **self.values | {"occurrence": occurrence})


def _refusal(error: Exception) -> AuditError:
    """Return what an error refuses; what is wrong with us is raised, and everybody's."""
    refusal = refusal_of(error)
    if refusal is None or refusal.status >= 500:
        raise error
    return refusal


def chunks(read: Iterator[Line]) -> Iterator[list[Line]]:
    """Yield the lines that are taken in together.

    The second of two with the same key, or with the same bytes for one drill, begins another chunk: it is judged
    knowing the first.

    Raises:
        BodyTooLarge: what stood before has been yielded (413).
    """
    held: list[Line] = []
    marks: set[tuple[str, ...]] = set()
    try:
        for line in read:
            is_full = len(held) == CHUNK or sum(each.size for each in held) + line.size > LARGEST_CHUNK
            if held and (is_full or marks & line.marks):
                yield held
                held, marks = [], set()
            held.append(line)
            marks |= line.marks
    except BodyTooLarge:
        if held:
            yield held
        raise
    if held:
        yield held


def lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of a body that are not blank, with their numbers from 1; one is held at a time.

    Raises:
        BodyTooLarge: too many lines or bytes, or a line that is too long; what stood before was taken in (413).
    """
    size = number = 0
    while line := stream.readline(LONGEST_LINE + 2):
        size, number = size + len(line), number + 1
        if number > MOST_LINES or size > MOST_BYTES or len(line.rstrip(b"\r\n")) > LONGEST_LINE:
            limits = f"At most {MOST_LINES} lines of {LONGEST_LINE} bytes, {MOST_BYTES} in all"
            raise BodyTooLarge(f"{limits}: reading ended at line {number}.")
        if line.strip():
            yield number, line
