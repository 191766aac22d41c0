from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.errors import StoreError
from proxy.journal.format import ExchangeId
from proxy.reading.sealed import Contents, open_vault
from proxy.store.sandbox.functions import pandas_not_sought
from tests.reading.recorded import QUESTION, record, told


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    record(tmp_path, told(1, QUESTION, media=b"\x89PNG"))
    return Contents(open_vault(tmp_path))


def refs(folder: Path) -> tuple[str, str | None]:
    """Of the first step and the first media object."""
    with duckdb.connect(str(folder / "facts.duckdb"), read_only=True) as connection:
        step = connection.execute("SELECT min(content_ref) FROM steps").fetchone()
        media = connection.execute("SELECT min(content_ref) FROM media").fetchone()
    assert step is not None
    assert media is not None
    return step[0], media[0]


def test_a_step_opens_as_its_redacted_json(contents: Contents, tmp_path: Path) -> None:
    step, _ = refs(tmp_path)

    assert contents.text(step) is not None
    assert '"What is that?"' in str(contents.text(step))


def test_a_media_object_opens_as_bytes_and_is_no_text(contents: Contents, tmp_path: Path) -> None:
    _, media = refs(tmp_path)

    assert contents.blob(media) == b"\x89PNG"
    assert contents.text(media) is None


def test_what_was_erased_opens_as_null(tmp_path: Path) -> None:
    data = record(tmp_path, told(1, QUESTION, media=b"\x89PNG"))
    step, media = refs(tmp_path)

    data.keystore().destroy([ExchangeId(0, 7, 1)])

    contents = Contents(open_vault(tmp_path))
    assert (contents.text(step), contents.blob(media)) == (None, None)


REF = st.none() | st.text(max_size=40) | st.from_regex(r"[0-9]{1,8}-[0-9]{1,6}:[0-9]{1,30}(#.)?")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ref=REF)
def test_a_reference_to_nothing_is_null(contents: Contents, ref: str | None) -> None:
    assert contents.blob(ref) is None


def test_sql_opens_content_row_by_row_without_numpy(tmp_path: Path) -> None:
    record(tmp_path, told(1, QUESTION))
    code = (
        "import sys; from pathlib import Path; import duckdb\n"
        "from proxy.reading.sealed import Contents, open_vault\n"
        "from proxy.store.sandbox.functions import pandas_not_sought\n"
        "connection = duckdb.connect(); connection.execute('SET enable_progress_bar = false')\n"
        "Contents(open_vault(Path(sys.argv[1]))).add_to(connection)\n"
        "assert 'numpy' not in sys.modules\n"
        "print(set(connection.execute(sys.argv[2], [sys.argv[3]]).fetchall()))\n"
    )
    sql = "SELECT content(ref)->>'$.type', content(NULL) FROM (SELECT ? AS ref FROM range(5000))"

    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), sql, refs(tmp_path)[0]],
        check=False,
        capture_output=True,
        text=True,
    )

    assert ended.stderr == ""
    assert ended.stdout == "{('user_input', None)}\n"


def test_nothing_is_sought_for_each_row_and_the_sign_is_taken_down() -> None:
    with pandas_not_sought():
        assert sys.modules.get("pandas", None) is None
        assert "pandas" in sys.modules

    assert "pandas" not in sys.modules


def test_the_sign_stays_until_the_outermost_takes_it_down() -> None:
    """A process that has it for life also runs what has it for a while."""
    with pandas_not_sought():
        with pandas_not_sought():
            pass
        assert "pandas" in sys.modules

    assert "pandas" not in sys.modules


def test_reading_never_makes_a_key(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nothing was recorded here yet"):
        open_vault(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_the_master_key_may_lie_elsewhere(tmp_path: Path) -> None:
    record(tmp_path, told(1, QUESTION))
    elsewhere = tmp_path / "elsewhere.key"
    (tmp_path / "keys" / "master.key").rename(elsewhere)

    assert Contents(open_vault(tmp_path, elsewhere)).text(refs(tmp_path)[0]) is not None
