"""``python -m dcase_audit.embedded``: run everything, look at the system, or print what a DBA needs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping

import psycopg

from dcase_audit.embedded import doctor, roles
from dcase_audit.embedded.run import run


def main() -> int:
    """Run the subcommand and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dcase_audit.embedded", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run_command = commands.add_parser("run", help="start database, broker, web, worker and beat; Ctrl-C stops them")
    run_command.add_argument("--no-demo", action="store_true", help="do not fill an empty database with the demo")
    doctor_command = commands.add_parser("doctor", help="say what the system lacks, or install it (root; DCASE_APT=0)")
    doctor_command.add_argument("--tests", action="store_true", help="look for what the tests need, too")
    dbsetup = commands.add_parser("dbsetup", help="roles and database for a PostgreSQL of your own")
    how = dbsetup.add_mutually_exclusive_group(required=True)
    how.add_argument("--print-sql", action="store_true", help="print a psql script for a superuser")
    how.add_argument(
        "--apply", action="store_true", help="do it: DBSETUP_URL, DCASE_OWNER_PASSWORD, DCASE_APP_PASSWORD ..."
    )
    arguments = parser.parse_args()
    if arguments.command == "run":
        return run(os.environ, with_demo=not arguments.no_demo)
    if arguments.command == "doctor":
        needs = doctor.PDF + (doctor.TESTS if arguments.tests else ())
        print("\n".join(doctor.advise(needs) or ["nothing is missing"]))
    elif arguments.apply:
        return apply(os.environ)
    else:
        print(roles.script(), end="")
    return 0


def apply(environ: Mapping[str, str]) -> int:
    """Make the roles and the database on the server of ``DBSETUP_URL``, with the passwords of the environment."""
    variable_of = {role: f"{role.upper()}_PASSWORD" for role in roles.ROLES}
    if unset := [name for name in ("DBSETUP_URL", *variable_of.values()) if not environ.get(name)]:
        print(f"not set: {', '.join(unset)}", file=sys.stderr)
        return 2
    with psycopg.connect(environ["DBSETUP_URL"], autocommit=True) as superuser:
        roles.ensure(superuser, {role: environ[name] for role, name in variable_of.items()})
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except PermissionError as refusal:
        sys.exit(f"{refusal}; was it made by another user?")
