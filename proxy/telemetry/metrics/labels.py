"""Labels of metrics: each name once, with the values it can have. Ids, keys and texts are never labels.

A closed label has the values listed here and `other`. A capped one takes names from outside, at most
`most` of them, each only after Google answered an interaction under it; the rest are `other`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OTHER: Final = "other"
NONE: Final = "none"

MODELS_MAX: Final = 50
"""Different model and agent names with series of their own: more than Google offers at once."""
WORKERS_MAX: Final = 64
"""As setting gateway.workers allows."""


@dataclass(frozen=True, slots=True)
class Label:
    """A label name and what may stand behind it."""

    name: str
    help: str
    values: tuple[str, ...] = ()
    """Closed: these, and `other` for anything else. Empty: capped."""
    most: int = 0
    """Capped: how many different values get series of their own."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


LABELS: Final[dict[str, Label]] = {
    label.name: label
    for label in (
        Label(
            "operation",
            "What was asked for: of interactions create, get, resume, cancel, delete; else the resource.",
            _words(
                """create get resume cancel delete models files caches batches file_search auth_tokens
                operations agents webhooks environments triggers credentials voices decisions interactions
                generate_content stream_generate_content count_tokens embed_content predict live upload
                jwks"""
            ),
        ),
        Label(
            "code",
            "HTTP status; another one by its class (4xx); none: there was no answer.",
            _words(
                """200 201 202 204 206 301 302 304 400 401 403 404 405 408 409 411 412 413 415 416 422 424
                426 428 429 431 499 500 501 502 503 504 508 101 1xx 2xx 3xx 4xx 5xx none"""
            ),
        ),
        Label(
            "outcome",
            "How an exchange, a step or a tool's answer ended.",
            _words(
                """complete upstream_aborted client_gone timeout proxy_error refused interrupted
                ok error cut"""
            ),
        ),
        Label("answered_by", "Whose answer the caller got.", ("upstream", "proxy", NONE)),
        Label("purpose", "Who asked: a client, or the steward.", ("client", "steward", "verify")),
        Label("mode", "How a create was asked for.", ("unary", "stream", "background")),
        Label(
            "status",
            "Status of an interaction; unseen: nobody looked at its end within a day.",
            _words(
                """queued in_progress requires_action completed failed cancelled incomplete
                budget_exceeded requires_continuation unseen"""
            ),
        ),
        Label(
            "model",
            "Model or agent, as Google answered under it; none: it was not said.",
            most=MODELS_MAX,
        ),
        Label("place", "Of a turn in its conversation.", ("first", "later")),
        Label(
            "store",
            "What a create said of storing; inherited: nothing.",
            ("true", "false", "inherited"),
        ),
        Label(
            "type",
            "Of tokens: cached_input is a part of input. Of steps: Google's step type.",
            _words(
                """input cached_input output tool_use
                user_input model_output thought function_call function_result code_execution_call
                code_execution_result google_search_call google_search_result url_context_call
                url_context_result file_search_call file_search_result google_maps_call google_maps_result
                mcp_server_tool_call mcp_server_tool_result retrieval_call retrieval_result
                tool_search_call tool_search_result processing_call processing_result"""
            ),
        ),
        Label(
            "item",
            "What is paid for.",
            _words(
                """input cached output thought tool_use grounding storage image audio video
                document query session environment"""
            ),
        ),
        Label(
            "tool",
            "Kind of tool; function: the caller's own.",
            _words(
                """function code_execution google_search url_context file_search google_maps
                mcp_server_tool retrieval tool_search processing"""
            ),
        ),
        Label("side", "Who runs the tool.", ("provider", "client")),
        Label(
            "disposal",
            "Why a deletion at Google waits for a person.",
            ("denied", "rejected", "not_effective"),
        ),
        Label(
            "error",
            "Google's error code in lower case.",
            _words(
                """invalid_request failed_precondition parameter_unknown authentication payment_required
                permission_denied not_found model_not_found already_exists aborted out_of_range
                rate_limit_exceeded quota_exceeded too_many_requests cancelled api_error unimplemented
                service_unavailable deadline_exceeded gateway_timeout
                safety recitation language prohibited_content spii blocklist content_blocked
                image_safety image_prohibited_content image_recitation image_other
                malformed_function_call malformed_tool_call unexpected_tool_call no_image
                too_many_tool_calls missing_thought_signature
                invalid_argument unauthenticated resource_exhausted internal unavailable data_loss
                unknown"""
            ),
        ),
        Label(
            "phase",
            "How far the answer was when its client left.",
            ("before_answer", "before_first_event", "streaming", "answering"),
        ),
        Label(
            "kind",
            "Of problems, unknown names and acts: their kind in the table of that name.",
            _words(
                """head_unreadable body_cut lost_frames coding_unknown coding_broken coding_limit
                json_broken not_an_object duplicate_key wrong_shape content_type_unexpected not_json
                truncated_tail no_last_event after_done event_too_long too_many repeated_start
                arguments_broken base64_broken too_deep not_interpreted
                field value step delta event content annotation status operation tool response_format
                agent_config transcription audio
                mode recovery damage erased hold release policy access price_book receipt checkpoint
                capture webhook"""
            ),
        ),
        Label("worker", "Number of the gateway worker.", most=WORKERS_MAX),
        Label(
            "process",
            "gateway-0, gateway-1, ..., recorder, steward, supervisor.",
            most=WORKERS_MAX + 3,
        ),
        Label(
            "child",
            "Which child process.",
            ("gateway", "recorder", "steward", "door", "shipper"),
        ),
        Label("journal_mode", "What callers may rely on now.", ("strict", "available")),
        Label(
            "space",
            "Room of the journal: ample, low (act), short (no exchange begins), spent.",
            ("ample", "low", "short", "spent"),
        ),
        Label("version", "Of this program.", most=1),
        Label("python", "Of the interpreter.", most=1),
        # Of the OpenTelemetry conventions, as they become in Prometheus.
        Label(
            "gen_ai_operation_name",
            "As the conventions name it.",
            ("generate_content", "invoke_agent"),
        ),
        Label(
            "gen_ai_provider_name",
            "As the conventions name it.",
            ("gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai"),
        ),
        Label("gen_ai_request_model", "As label model.", most=MODELS_MAX),
        Label("gen_ai_token_type", "Cached and thought tokens are inside.", ("input", "output")),
        Label("error_type", "As label error or code; empty: there was none.", most=60),
    )
}
