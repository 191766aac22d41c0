"""Triggers: interactions on a schedule. An execution asked for by hand is recorded as started; nothing runs.

Source: the protocol reference, section 16.1.
"""

from __future__ import annotations

from typing import Final

from proxy.emulator.answers.resource import timestamp
from proxy.emulator.asked.request import Json
from proxy.emulator.neighbours.resources.schedule import ScheduleUnreadable, next_run_s
from proxy.emulator.neighbours.shelf import Shelf, listed
from proxy.emulator.neighbours.visit import EMPTY, Reply, Visit, said

FIELDS: Final = (
    "interaction",
    "schedule",
    "time_zone",
    "display_name",
    "environment_id",
    "execution_timeout_seconds",
    "max_consecutive_failures",
)
"""What a caller sets when it creates one."""

STATUSES: Final = ("active", "paused", "error")


class Triggers:
    """Triggers and their executions. Mutable."""

    def __init__(self) -> None:
        self._triggers: Shelf[Json] = Shelf("triggers", "Trigger")
        self._executions: Shelf[Json] = Shelf("triggers", "Execution")

    def answer(self, visit: Visit) -> Reply:
        """Answer create, list, get, update, delete, run and executions.

        Raises:
            Refusal: 404 for an unknown trigger, 400 for one that cannot be meant.
        """
        identity = visit.route.identity
        match visit.verb:
            case "create":
                return said(self._create(visit))
            case "list":
                triggers, token = self._triggers.page(visit)
                return listed("triggers", triggers, token, visit)
            case "get":
                return said(self._triggers.get(identity, visit.now_s))
            case "update":
                return said(self._update(visit))
            case "run":
                return said(self._run(visit))
            case "executions":
                self._triggers.get(identity, visit.now_s)
                executions, token = self._executions.page(
                    visit, only=lambda execution: execution["trigger_id"] == identity
                )
                return listed("trigger_executions", executions, token, visit)
        self._triggers.take(identity, visit.now_s)
        return EMPTY

    def _create(self, visit: Visit) -> Json:
        body = visit.parsed()
        visit.needed(body, *FIELDS[:3])
        if not isinstance(body["interaction"], dict):
            raise visit.refusal(400, "The field 'interaction' must be an interaction's request.")
        identity, at = visit.new_id("trigger-"), timestamp(visit.now_s)
        trigger: Json = {
            "id": identity,
            **{name: body[name] for name in FIELDS if name in body},
            "status": "active",
            "consecutive_failure_count": 0,
            "create_time": at,
            "update_time": at,
        }
        self._triggers.put(identity, trigger | _next_run(visit, trigger))
        return self._triggers.get(identity, visit.now_s)

    def _update(self, visit: Visit) -> Json:
        old, body = self._triggers.get(visit.route.identity, visit.now_s), visit.parsed()
        new = old | {name: body[name] for name in ("display_name", "status") if name in body}
        if new["status"] not in STATUSES:
            raise visit.refusal(400, f"The status must be one of {', '.join(STATUSES)}.")
        at = timestamp(visit.now_s)
        new["update_time"] = at
        if new["status"] != old["status"]:
            new["last_resume_time" if new["status"] == "active" else "last_pause_time"] = at
            new.pop("next_run_time", None)
            new |= _next_run(visit, new)
        self._triggers.change(visit.route.identity, new)
        return new

    def _run(self, visit: Visit) -> Json:
        identity = visit.route.identity
        trigger, at = self._triggers.get(identity, visit.now_s), timestamp(visit.now_s)
        execution: Json = {
            "id": visit.new_id("execution-"),
            "trigger_id": identity,
            "status": "in_progress",
            "scheduled_time": at,
            "start_time": at,
        }
        if "environment_id" in trigger:
            execution["environment_id"] = trigger["environment_id"]
        self._executions.put(execution["id"], execution)
        self._triggers.change(identity, trigger | {"last_run_time": at})
        return execution


def _next_run(visit: Visit, trigger: Json) -> Json:
    """`next_run_time` of an active trigger whose schedule comes round again."""
    try:
        due = next_run_s(str(trigger["schedule"]), str(trigger["time_zone"]), visit.now_s)
    except ScheduleUnreadable as error:
        raise visit.refusal(400, str(error)) from error
    is_due = due is not None and trigger["status"] == "active"
    return {"next_run_time": timestamp(due)} if is_due and due is not None else {}
