"""Which statements of other people may run: the parsed statement is walked, and all in it must be known.

DuckDB's `json_serialize_sql` gives the tree. Node types, functions and tables stand in lists of what is
allowed; anything else is refused by name, also what a later DuckDB adds. Pure; never raises on foreign
trees but Refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from proxy.errors import ProxyError

TEXT_BYTES_MAX: Final = 64 * 1024
"""Of a statement. A list of 200,000 literals took 1.1 GB to plan."""
NODES_MAX: Final = 20_000
"""Of one tree: 64 KiB of text cannot say much more."""

_NODES: Final = frozenset(
    {
        *("SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"),
        *("BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EMPTY", "EXPRESSION_LIST", "PIVOT"),
        *("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER", "DISTINCT_MODIFIER"),
        *("ORDER_DEFAULT", "ASCENDING", "DESCENDING"),
    }
)
"""Nodes, table references and modifiers."""
_CLASSES: Final = frozenset(
    {
        *("BETWEEN", "CASE", "CAST", "COLLATE", "COLUMN_REF", "COMPARISON", "CONJUNCTION"),
        *("CONSTANT", "FUNCTION", "LAMBDA", "LAMBDA_REF", "OPERATOR", "POSITIONAL_REFERENCE"),
        *("STAR", "SUBQUERY", "WINDOW"),
    }
)
"""Of expressions. Parameters and defaults are not among them."""
_TABLE_FUNCTIONS: Final = frozenset({"range", "generate_series", "unnest"})
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SYSTEM: Final = re.compile(
    r"(?i)(duckdb|pg|sqlite|pragma|information|main|temp|system|facts)(_|$)"
)
"""How names of DuckDB's own relations begin: no name of the statement's own may."""

_FUNCTIONS: Final = r"""
    + - * / // % ^ ** ~ & | << >> || ! ~~ !~~ ~~* !~~* ~~~ ^@ @> <@ && ->> -> [] @ @@
    abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees even exp factorial floor gamma gcd
    greatest greatest_common_divisor isfinite isinf isnan lcm least least_common_multiple lgamma ln log
    log10 log2 mod pi pow power radians round round_even roundbankers sign signbit sin sqrt tan trunc
    add subtract multiply divide xor bit_count

    ascii bit_length char_length character_length chr concat concat_ws contains ends_with
    instr lcase left left_grapheme len length length_grapheme like_escape ilike_escape not_like_escape
    not_ilike_escape lower ltrim md5 nfc_normalize ord
    position prefix regexp_extract regexp_extract_all regexp_full_match regexp_matches regexp_replace
    regexp_escape regexp_split_to_array replace reverse right right_grapheme rtrim sha1 sha256 split
    split_part starts_with str_split string_split string_split_regex string_to_array strip_accents strlen
    strpos substr substring substring_grapheme substr_grapheme suffix to_base64 base64 from_base64 hex
    to_hex unhex from_hex translate trim ucase unicode upper url_decode url_encode
    format_bytes formatreadablesize formatreadabledecimalsize bin to_binary octet_length encode decode

    age century current_date current_time current_timestamp date_add date_diff datediff date_part datepart
    date_sub datesub date_trunc datetrunc day dayname dayofmonth dayofweek dayofyear decade epoch epoch_ms
    epoch_ns epoch_us era get_current_time get_current_timestamp hour isodow isoyear julian last_day
    localtime localtimestamp make_date make_time make_timestamp make_timestamp_ms make_timestamp_ns
    microsecond millennium millisecond minute month monthname nanosecond normalized_interval now quarter
    second strftime strptime time_bucket timezone timezone_hour timezone_minute to_centuries to_days
    to_decades to_hours to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters
    to_seconds to_timestamp to_weeks to_years today transaction_timestamp try_strptime week weekday
    weekofyear year yearweek

    any_value approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null arg_min
    arg_min_null argmax argmin avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star
    countif covar_pop covar_samp entropy favg first fsum geomean geometric_mean group_concat histogram
    kahan_sum kurtosis kurtosis_pop last listagg mad max max_by mean median min min_by mode product
    quantile quantile_cont quantile_disc regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope
    regr_sxx regr_sxy regr_syy reservoir_quantile sem skewness stddev stddev_pop stddev_samp string_agg
    sum sum_no_overflow sumkahan var_pop var_samp variance weighted_avg wavg array_agg list grouping
    grouping_id

    cume_dist dense_rank fill first_value lag last_value lead nth_value ntile percent_rank rank rank_dense
    row_number

    array_aggr array_aggregate array_any_value array_append array_apply array_cat array_concat
    array_contains array_distinct array_extract array_filter array_grade_up array_has array_has_all
    array_has_any array_indexof array_intersect array_length array_position array_prepend array_push_back
    array_push_front array_reverse array_reverse_sort array_select array_slice array_sort array_to_string
    array_transform array_unique array_value array_where array_zip apply cardinality element_at filter
    flatten list_aggr list_aggregate list_any_value list_append list_apply list_avg list_cat list_concat
    list_contains list_count list_distinct list_element list_extract list_filter list_first list_grade_up
    list_has list_has_all list_has_any list_indexof list_intersect list_last list_max list_median list_min
    list_mode list_pack list_position list_prepend list_reverse list_reverse_sort list_select list_slice
    list_sort list_sum list_transform list_unique list_value list_where list_zip generate_series range
    unnest unlist map map_concat map_contains map_entries map_extract map_extract_value map_from_entries
    map_keys map_values row struct_concat struct_contains struct_extract struct_extract_at struct_insert
    struct_pack struct_position union_extract union_tag union_value

    from_json from_json_strict json json_array json_array_length json_contains json_exists json_extract
    json_extract_path json_extract_path_text json_extract_string json_group_array json_group_object
    json_group_structure json_keys json_merge_patch json_object json_pretty json_quote json_structure
    json_transform json_transform_strict json_type json_valid json_value row_to_json to_json array_to_json

    coalesce constant_or_null error hash if ifnull nullif nvl try typeof
    content
"""
_HOMES: Final = frozenset({("", ""), ("", "main"), ("system", "main")})
"""Catalog and schema of DuckDB's own functions, as its parser writes them into [1, 2]."""
FUNCTIONS: Final = frozenset(_FUNCTIONS.split())
"""Scalar, aggregate and window functions that may be called. Left out are: all that name files, settings,
variables, sequences or other statements; and those that make much of little, or take long where an
interrupt does not reach (repeat, lpad, rpad, format, printf, bar, bitstring, levenshtein and its kin)."""


class Refused(ProxyError):
    """The statement is not one that may run here; says what in it is not allowed."""


def check_tree(tree: Any, views: frozenset[str]) -> None:
    """Look at everything in the answer of json_serialize_sql.

    Args:
        tree: parsed JSON.
        views: names of the views of the schema `audit`.

    Raises:
        Refused: with what to change.
    """
    if not isinstance(tree, dict) or tree.get("error") is not False:
        told = tree.get("error_message") if isinstance(tree, dict) else None
        raise Refused(f"only one SELECT can run here: {str(told or 'this is none')[:500]}")
    statements = tree.get("statements")
    if not isinstance(statements, list) or len(statements) != 1:
        raise Refused("one statement at a time")
    nodes = list(_nodes(statements[0]))
    own = frozenset(name for node in nodes for name in _cte_names(node))
    for name in own:
        if not _NAME.fullmatch(name) or _SYSTEM.match(name):
            raise Refused(f"{name[:40]!r} cannot name a WITH here: letters, digits and _ only")
    for node in nodes:
        _check_node(node, views, own)


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in the tree. A loop with its own stack: trees are as deep as somebody likes."""
    count = 0
    left = [tree]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            count += 1
            if count > NODES_MAX:
                raise Refused("the statement is too large: ask in several")
            yield each
            left.extend(each.values())
        elif isinstance(each, list):
            left.extend(each)


def _cte_names(node: dict[str, Any]) -> Iterator[str]:
    held = node.get("cte_map")
    entries = held.get("map") if isinstance(held, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        yield str(entry.get("key")) if isinstance(entry, dict) else ""
    if "cte_name" in node:
        yield str(node["cte_name"])


def _check_node(node: dict[str, Any], views: frozenset[str], own: frozenset[str]) -> None:
    kind = node.get("type")
    if "class" in node:
        if str(node["class"]) not in _CLASSES:
            raise Refused(f"{str(node['class'])[:40]} is not possible here")
    elif isinstance(kind, str) and kind not in _NODES and not kind.endswith("_TYPE_INFO"):
        raise Refused(f"{kind[:40]} is not possible here: only SELECT over the views of `audit`")
    if "function_name" in node:
        _check_function(node)
    if kind == "BASE_TABLE":
        _check_table(node, views, own)
    if kind == "TABLE_FUNCTION":
        function = node.get("function")
        name = function.get("function_name") if isinstance(function, dict) else None
        if str(name) not in _TABLE_FUNCTIONS:
            raise Refused(
                f"{str(name)[:40]}() is not a table here: there are the views of `audit`, "
                f"{', '.join(sorted(_TABLE_FUNCTIONS))}"
            )


def _check_function(node: dict[str, Any]) -> None:
    name = str(node["function_name"]).lower()
    home = (str(node.get("catalog") or ""), str(node.get("schema") or ""))
    if name not in FUNCTIONS or home not in _HOMES:
        raise Refused(f"the function {name[:60]} cannot be called here")


def _check_table(node: dict[str, Any], views: frozenset[str], own: frozenset[str]) -> None:
    schema, name = str(node.get("schema_name")).lower(), str(node.get("table_name"))
    is_ours = schema in {"", "audit"} and name.lower() in views
    is_own = schema == "" and name in own
    if node.get("catalog_name") or not (is_ours or is_own):
        told = ".".join(str(part) for part in (node.get("catalog_name"), schema, name) if part)
        raise Refused(
            f"there is no view {told[:80]} here; `GET /v1/views` lists them, as SQL.md does"
        )
