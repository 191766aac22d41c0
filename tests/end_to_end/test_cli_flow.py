"""The command line from outside: a proxy serves, an SDK talks, people ask, in processes of their own."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from google import genai

from tests.end_to_end.conftest import SetUp
from tests.end_to_end.programs import END_WITHIN_S, next_line, run_verb, talking
from tests.end_to_end.sdk_play import AGENT, KEY, MODEL, WEATHER
from tests.end_to_end.stage import Stage

LINES_MAX: Final = 20
"""`tail` begins with the last ten lines; the wanted one comes soon after."""
STEPS: Final = ("user_input", "thought", "function_call")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made = Stage.set_up(tmp_path_factory.mktemp("cli"))
    try:
        yield made
    finally:
        print(made.logs())
        made.stop()


@pytest.fixture(scope="module")
def talk(stage: Stage) -> dict[str, str]:
    """A short conversation; the ids of its interactions."""
    with genai.Client(api_key=KEY, http_options={"base_url": stage.proxy.url}) as client:
        sdk: Any = client.interactions
        asked = sdk.create(model=MODEL, input="Weather in Oslo?", tools=[WEATHER])
        for _ in sdk.create(model=MODEL, input="And now?", stream=True, store=False):
            pass
        research = sdk.create(agent=AGENT, input="Why?", background=True)
        for _ in range(2):
            sdk.get(id=research.id)
        return {"asked": asked.id, "research": research.id}


def verb(stage: Stage, name: str, *arguments: str) -> str:
    """What a verb prints on standard output; it must succeed, and say nothing else."""
    done = run_verb(name, "--data", str(stage.proxy.data), *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def test_sql_shows_a_table_to_people(stage: Stage, talk: dict[str, str]) -> None:
    told = verb(stage, "sql", "SELECT interaction, status FROM interactions ORDER BY created_at")

    assert talk["asked"] in told
    assert "requires_action" in told


def test_sql_gives_json_to_programs(stage: Stage, talk: dict[str, str]) -> None:
    told = verb(
        stage,
        *("sql", "--json"),
        f"SELECT status, agent FROM interactions WHERE interaction = '{talk['research']}'",
    )

    assert json.loads(told) == {"status": "completed", "agent": AGENT}


def test_sql_opens_sealed_content_when_asked(stage: Stage, talk: dict[str, str]) -> None:
    told = verb(
        stage,
        *("sql", "--json"),
        "SELECT content(content_ref) AS said FROM timeline"
        f" WHERE interaction = '{talk['asked']}' AND side = 'input'",
    )

    assert "Weather in Oslo?" in json.loads(told)["said"]


@pytest.mark.usefixtures("talk")
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM exchanges",
        "WITH gone AS (DELETE FROM exchanges RETURNING *) SELECT count(*) FROM gone",
        "SELECT * FROM read_text('README.md')",
        "COPY exchanges TO 'elsewhere.csv'",
        "SET enable_external_access = true",
        "ATTACH 'other.duckdb'",
        "SELECT 1; SELECT 2",
        "SELEC 1",
    ],
)
def test_sql_only_reads_the_records(stage: Stage, statement: str) -> None:
    before = stage.proxy.rows("SELECT count(*) FROM exchanges")

    done = run_verb("sql", "--data", str(stage.proxy.data), statement)

    assert done.returncode in {2, 3}
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert stage.proxy.rows("SELECT count(*) FROM exchanges") == before


def test_show_lays_out_the_steps_in_order(stage: Stage, talk: dict[str, str]) -> None:
    told = verb(stage, "show", talk["asked"])

    timeline = told.partition("user_input")
    places = [timeline[2].index(step) for step in STEPS[1:]]
    assert timeline[1], told
    assert places == sorted(places)
    assert "get_weather" in told
    assert "Weather in Oslo?" in told


def test_show_gives_json_to_programs(stage: Stage, talk: dict[str, str]) -> None:
    told = json.loads(verb(stage, "show", "--json", talk["asked"]))

    assert [step["type"] for step in told["timeline"]] == list(STEPS)
    assert told["interaction"]["interaction"] == talk["asked"]


@pytest.mark.usefixtures("talk")
def test_show_of_what_is_not_there_says_so(stage: Stage) -> None:
    done = run_verb("show", "--data", str(stage.proxy.data), "v1_nothing")

    assert done.returncode == 2
    assert "v1_nothing" in done.stderr


def test_tail_prints_the_latest_and_leaves(stage: Stage, talk: dict[str, str]) -> None:
    told = verb(stage, "tail", "--no-follow")

    operations = [line.split()[1] for line in told.splitlines()]
    assert operations == ["mode", *(line["operation"] for line in stage.emulator.ledger())]
    assert "requires_action" in told
    assert talk["research"][:8] in told or "deep-research" in told


@pytest.mark.usefixtures("talk")
def test_tail_follows_what_happens_until_it_is_interrupted(stage: Stage) -> None:
    with talking("proxy", "tail", "--json", "--data", str(stage.proxy.data)) as tail:
        next_line(tail)
        with genai.Client(api_key=KEY, http_options={"base_url": stage.proxy.url}) as client:
            created: Any = client.interactions.create(model=MODEL, input="Are you there?")
        told = next(line for _ in range(LINES_MAX) if created.id in (line := next_line(tail)))
        tail.send_signal(signal.SIGINT)
        code = tail.wait(END_WITHIN_S)

    assert created.id in told
    assert code == 0


def test_rebuild_is_refused_while_a_recorder_runs(stage: Stage) -> None:
    done = run_verb("rebuild", "--data", str(stage.proxy.data))

    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert str(stage.proxy.data) in done.stderr


def test_a_second_proxy_on_the_same_folder_is_refused_by_name(stage: Stage) -> None:
    done = run_verb("serve", "--port", "0", "--data", str(stage.proxy.data))

    assert done.returncode == 3
    assert f"process {stage.proxy.program.pid}" in done.stderr
    assert "--data" in done.stderr


def test_a_taken_port_is_refused_with_what_to_do(stage: Stage, tmp_path: Path) -> None:
    port = str(stage.proxy.address[1])

    done = run_verb("serve", "--port", port, "--data", str(tmp_path / "other"))

    (line,) = done.stderr.splitlines()
    assert done.returncode == 3
    assert f"port {port}" in line
    assert "--port" in line


def test_a_folder_that_cannot_be_one_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    done = run_verb("serve", "--port", "0", "--data", str(tmp_path / "file"))

    (line,) = done.stderr.splitlines()
    assert done.returncode == 3
    assert str(tmp_path / "file") in line
    assert "--data" in line


def test_an_unknown_key_is_refused_with_the_nearest_name(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[journal]\nmoed = "strict"\n')

    done = run_verb("serve", "--config", str(file), "--data", str(tmp_path / "data"))

    assert done.returncode == 2
    assert "journal.moed" in done.stderr
    assert "journal.mode" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", ["sql", "show", "tail", "rebuild"])
def test_a_folder_where_nothing_was_recorded_is_told_in_a_sentence(
    tmp_path: Path, name: str
) -> None:
    asked = {"sql": ["FROM exchanges"], "show": ["v1_"], "tail": ["--no-follow"], "rebuild": []}

    done = run_verb(name, "--data", str(tmp_path / "empty"), *asked[name])

    (line,) = done.stderr.splitlines()
    assert done.returncode == 3
    assert line.startswith("interactions-proxy: ")


def test_five_lines_say_how_to_go_on(set_up: SetUp) -> None:
    other = set_up()
    upstream, data = other.emulator.url, other.folder / "d"
    where = ("--port", "0", "--data", str(data), "--upstream", upstream)
    with talking("proxy", "serve", *where) as serve:
        told = [next_line(serve) for _ in range(5)]
        serve.terminate()
        code = serve.wait(END_WITHIN_S)

    assert [line.split()[0] for line in told] == [
        *("recording", "Python", "JavaScript", "data", "ask")
    ]
    assert code == 0


def test_what_was_recorded_is_there_when_the_proxy_is_not(set_up: SetUp) -> None:
    """sql, show and tail on a stopped folder; rebuild; sql again; then a new start carries on."""
    stage = set_up()
    with genai.Client(api_key=KEY, http_options={"base_url": stage.proxy.url}) as client:
        created: Any = client.interactions.create(model=MODEL, input="Remember me.")
    stage.proxy.stop()
    question = "SELECT interaction, total_tokens FROM interactions"

    first = verb(stage, "sql", "--json", question)
    assert created.id in first
    assert "Remember me." in verb(stage, "show", created.id)
    assert created.id in verb(stage, "tail", "--no-follow", "--json")
    run_verb("rebuild", "--data", str(stage.proxy.data))
    assert verb(stage, "sql", "--json", question) == first


def test_a_busy_port_is_free_again_after_a_stop(set_up: SetUp) -> None:
    stage = set_up()
    address = stage.proxy.address

    stage.proxy.stop()

    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
