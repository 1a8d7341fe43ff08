"""Which components carry a service, and how many of them it needs."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext_noop as _

MEMBERS = {"service", "needed", "components"}


class Group(NamedTuple):
    """A service is down where fewer than ``needed`` of the components are up."""

    service: str
    needed: int
    components: tuple[str, ...]


def groups_of(services: object) -> list[Group]:
    """Read a monitor's ``services``.

    Raises ValueError, with a sentence for whoever keeps the monitor.
    """
    if not isinstance(services, list):
        raise ValueError(_("A list of services is expected."))
    return [_group(each) for each in services]


def _group(given: object) -> Group:
    if not isinstance(given, dict) or set(given) != MEMBERS:
        raise ValueError(_('Each service has the members "service", "needed" and "components".'))
    service, needed, components = given["service"], given["needed"], given["components"]
    if not isinstance(service, str) or not service:
        raise ValueError(_("A service has a name."))
    if not isinstance(components, list) or not all(isinstance(each, str) and each for each in components):
        raise ValueError(_("Components are a list of names."))
    if len(set(components)) < len(components):
        raise ValueError(_("The same component comes twice."))
    if type(needed) is not int or not 1 <= needed <= len(components):
        raise ValueError(_("From one to all of the components can be needed."))
    return Group(service, needed, tuple(components))
