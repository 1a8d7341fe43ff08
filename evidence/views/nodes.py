"""The page of one node: what it says, what it asks, what supports it, and how its status came about."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from dcase_audit import clock
from dcase_audit.accounts.authentication import authenticated
from dcase_audit.accounts.models import Party
from dcase_audit.cases.criteria import criterion_lines, target_text
from dcase_audit.cases.graph.loading import _criterion
from dcase_audit.cases.models import Criterion, Node, NodeText, StatusChange
from dcase_audit.cases.words import LEAF_KINDS, LinkKind, Status
from dcase_audit.errors import AuditError
from dcase_audit.pages import find, refuse, show
from evidence import services
from evidence.forms import LinkForm, ReasonForm
from evidence.models import Artefact, Kind, Support
from evidence.reading import status_of
from evidence.views.cases import changes_in_words, path_to
from evidence.views.reading import Reading, edition_of, read

HISTORY = 20
