"""Pictures and videos: by Google's own SDK on Vertex, by plain calls on the Gemini API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.neighbours.visits import Caller

VEO = "veo-3.1-generate-preview"
PROMPT: dict[str, Any] = {"instances": [{"prompt": "A fir."}]}


async def test_vertex_draws_as_many_pictures_as_asked(vertex: Any) -> None:
    made = await vertex.models.generate_images(
        model="imagen-4.0-generate-001", prompt="A fir.", config={"number_of_images": 3}
    )

    assert [each.image.image_bytes[:4] for each in made.generated_images] == [b"\x89PNG"] * 3


async def test_vertex_films_while_one_waits(vertex: Any) -> None:
    started = await vertex.models.generate_videos(model=VEO, prompt="A fir.")
    running = await vertex.operations.get(started)
    done = await vertex.operations.get(running)

    assert (bool(running.done), done.done) == (False, True)
    assert done.response.generated_videos[0].video.video_bytes[4:8] == b"ftyp"


def test_videos_of_the_gemini_api_are_files_to_fetch(call: Caller) -> None:
    name = call("POST", f"/v1/models/{VEO}:predictLongRunning", PROMPT)["name"]
    assert "done" not in call("GET", f"/v1/{name}")

    response = call("GET", f"/v1/{name}")["response"]

    uri = response["generateVideoResponse"]["generatedSamples"][0]["video"]["uri"]
    target = uri.removeprefix("https://generativelanguage.googleapis.com")
    video = call.reply("GET", target)
    assert (video.body[4:8], video.content_type) == (b"ftyp", "video/mp4")
    (file,) = call("GET", "/v1/files")["files"]
    assert (file["source"], file["downloadUri"]) == ("GENERATED", uri)


@pytest.mark.parametrize(("asked", "given"), [(2, 2), (9, 4), (0, 1), ("x", 1)])
def test_there_are_at_most_four_samples(call: Caller, asked: object, given: int) -> None:
    body = PROMPT | {"parameters": {"sampleCount": asked}}

    made = call("POST", "/v1/models/imagen-4.0-generate-001:predict", body)

    assert len(made["predictions"]) == given


@pytest.mark.parametrize("body", [{}, {"instances": []}, {"instances": "x"}])
def test_no_instances_are_refused(call: Caller, body: dict[str, Any]) -> None:
    for model, verb in (("imagen-4.0-generate-001", "predict"), (VEO, "predictLongRunning")):
        assert call.refused("POST", f"/v1/models/{model}:{verb}", body).status == 400


def test_an_unknown_operation_is_not_found(call: Caller) -> None:
    path = f"/v1beta1/projects/p/locations/l/publishers/google/models/{VEO}"

    asked = {"operationName": "projects/p/none"}
    assert call.refused("POST", f"{path}:fetchPredictOperation", asked).status == 404
    assert call.refused("GET", f"{path}/operations/none").status == 404
