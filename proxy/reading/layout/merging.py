"""What ties exchanges to one interaction, laid out for the terminal. Pure: rows in, styled lines out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text

from proxy.reading.layout.terminal import count_text, cut, duration_text, one_line
from proxy.reading.merged import Merged

Row = dict[str, Any]


def delivery_lines(merged: Merged | None, exchanges: Sequence[Row], width: int) -> list[Text]:
    """How many events in how many deliveries; then a line for each: which of them, how many new, to whom."""
    if merged is None:
        return []
    head = f"  {count_text(merged.event_count, 'event')}, each once"
    if merged.gap_count:
        head += f", {count_text(merged.gap_count, 'gap')}"
    elif not merged.is_whole:
        head += ", no end seen"
    if merged.changed_count:
        head += f", {merged.changed_count:,} told in two ways"
    lines = [Text(cut(head, width), "" if merged.is_whole else "bold yellow")]
    clients = {each["exchange"]: each.get("client") for each in exchanges}
    for share in merged.shares:
        if share.first is None or share.last is None:
            told = "contradicts the log, not merged"
        else:
            told = f"{share.first + 1:,} to {share.last + 1:,}, {share.new_count:,} new"
        client = clients.get(share.exchange)
        line = Text(f"  {told:<32}")
        line.append(f"  {one_line(share.exchange)}", "dim")
        if client:
            line.append(f"  to {one_line(client)}", "dim")
        lines.append(line)
    lines += [Text(f"  not opened: {one_line(each)}", "bold yellow") for each in merged.left_out]
    return lines


def divergence_lines(merged: Merged | None, divergences: Sequence[Row], width: int) -> list[Text]:
    """Where the answer was shown otherwise than it was told; nothing where it was not."""
    lines = [
        Text(
            cut(
                f"  {one_line(each['shown_by'])} shows "
                + ("another count of steps" if each["what"] == "count" else f"other {each['what']}")
                + (
                    f" in output step {each['step_index']}"
                    if each["step_index"] is not None
                    else ""
                )
                + f" than {one_line(each['told_by'])} told",
                width,
            ),
            "bold red",
        )
        for each in divergences
    ]
    for each in merged.differences if merged else ():
        where = f" {each.where}" if each.where else ""
        told = f"output step {each.step_index} {each.step_type}{where}: {each.detail}"
        lines.append(Text(cut("  " + one_line(told), width), "red"))
    return lines


def attempt_lines(attempts: Sequence[Row], width: int) -> list[Text]:
    """A line for each attempt of a create that was sent more than once."""
    lines = []
    for each in attempts:
        waited = each["waited_us"]
        told = [f"attempt {each['attempt']}", str(each["status"] or each["outcome"])]
        if each["error_code"]:
            told.append(each["error_code"])
        if waited is not None:
            told.append(f"after {duration_text(max(0, waited) * 1000)}")
        if each["retry_after_s"] is not None:
            told.append(f"asked to wait {each['retry_after_s']:,} s")
        line = Text(cut("  " + one_line(", ".join(told)), width))
        line.append(f"  {one_line(each['exchange'])}", "dim")
        lines.append(line)
    return lines


def hop_lines(hops: Sequence[Row], interaction: str, width: int) -> list[Text]:
    """A line for each hop of a continued answer, and what they used together."""
    if len(hops) < 2:
        return []
    lines = []
    for each in hops:
        own = " (this one)" if each["interaction"] == interaction else ""
        told = f"  {each['hop']}  {each['status'] or 'no status'}  {_tokens(each['total_tokens'])}"
        lines.append(Text(cut(f"{told}  {one_line(each['interaction'])}{own}", width)))
    total = sum(each["total_tokens"] or 0 for each in hops)
    lines.append(Text(f"  together {_tokens(total)}", "bold"))
    return lines


def _tokens(count: int | None) -> str:
    return "no usage" if count is None else count_text(count, "token")
