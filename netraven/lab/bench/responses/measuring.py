"""Asks everything, as a superuser and as somebody who sees some devices only."""

import logging
import platform
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, override_settings
from knox.models import AuthToken
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from backups.models import Backup, Job, JobLog
from devices.models import Device
from netraven.api_tokens.making import make_token
from netraven.lab.bench.records.people import ADMIN, REGIONAL
from netraven.lab.bench.responses.addresses import Address, all_addresses
from netraven.lab.bench.responses.api_questions import ApiList, is_list
from netraven.lab.bench.responses.page_questions import needed_query, offered_queries
from netraven.lab.bench.responses.samples import Samples
from netraven.lab.bench.responses.timing import Answer, Question, ask, bounded_statements

# Neither a page nor a list: what leads elsewhere, and what catches the rest
NOT_ASKED = {"/admin/login/", "/admin/logout/", "/logout/", "/admin/<url>", "/admin/r/<content_type_id>/<object_id>/"}
ELSEWHERE, NOT_ALLOWED = (301, 302), (403, 404, 405)


def measure(kinds: list[str], matching: str, runs: int, console: Console) -> dict[str, Any]:
    """The report: every answer, and what was left out and why."""
    users = [User.objects.get(username=name) for name in (ADMIN, REGIONAL)]
    tokens = {user: make_token(user, name="bench") for user in users}
    answers, left_out = list[Answer](), dict[str, str]()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with ExitStack() as stack:
        stack.callback(AuthToken.objects.filter(pk__in=[details.token_id for details, _ in tokens.values()]).delete)
        stack.enter_context(override_settings(DEBUG=False, ALLOWED_HOSTS=["testserver"]))
        stack.enter_context(bounded_statements())
        stack.callback(logging.disable, logging.NOTSET)
        logging.disable(logging.CRITICAL)
        progress = stack.enter_context(Progress(*columns, console=console, transient=True))
        samples = Samples(users[1])
        wanted = [address for address in all_addresses() if ("api" if address.is_api else "pages") in kinds]
        wanted = [address for address in wanted if matching in address.template]
        task = progress.add_task("", total=len(wanted) * len(users))
        for address in wanted:
            for user in users:
                progress.update(task, description=address.template[:40])
                found = list(_answers(address, user, tokens[user][1], samples, left_out, runs))
                answers += found
                progress.advance(task)
    return _about(runs) | {"answers": [answer.as_json() for answer in answers], "left_out": left_out}


def _answers(
    address: Address, user: User, token: str, samples: Samples, left_out: dict[str, str], runs: int
) -> Iterator[Answer]:
    """Of one address, for one user; notes why if there are none."""
    why, parameters = _refusal(address), None
    if not why:
        parameters = address.parameters(samples)
        why = "no record for its path" if parameters is None else ""
    if why or parameters is None:
        left_out[address.template] = why
        return
    client = Client(raise_request_exception=False)
    if address.is_api:
        get = partial(client.get, headers={"Authorization": f"Bearer {token}"})
    else:
        client.force_login(user)
        get = partial(client.get)
    path, query = address.path(parameters), needed_query(address.name, samples)
    response = get(_with(path, query))
    if response.status_code in (*ELSEWHERE, *NOT_ALLOWED):
        left_out.setdefault(address.template, f"answers GET with {response.status_code}")
        return
    left_out.pop(address.template, None)
    if address.is_api:
        queries = list(ApiList(address, parameters, user, samples).queries()) if is_list(address) else [""]
    else:
        html = "" if response.streaming else response.content.decode(errors="replace")
        queries = [query, *dict.fromkeys(_joined(query, more) for more in offered_queries(html, samples))]
    kind = "api" if address.is_api else "pages"
    for each in dict.fromkeys(queries):
        yield ask(Question(kind, address.template, user.username, _with(path, each)), get, runs)


def _refusal(address: Address) -> str:
    if address.template in NOT_ASKED:
        return "leads elsewhere"
    return "" if address.reads else "is not for GET"


def _with(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def _joined(*queries: str) -> str:
    return "&".join(filter(None, queries))


def _about(runs: int) -> dict[str, Any]:
    """What was measured over, and on what."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        version = cursor.fetchone()[0]
    counts = {
        model._meta.verbose_name_plural: model._default_manager.count() for model in (Device, Backup, Job, JobLog)
    }
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "database": f"{connection.display_name} {version}",
        "python": platform.python_version(),
        "runs": runs,
        "records": {str(name): number for name, number in counts.items()},
    }
