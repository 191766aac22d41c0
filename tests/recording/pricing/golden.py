"""Costs of media, grounding, agents and odd answers, worked out by hand; and all of them together."""

from __future__ import annotations

from typing import Final

from tests.recording.pricing.golden_case import (
    NO_PRICE,
    Golden,
    asked_with,
    grounded,
    listed,
    output,
    usage,
)
from tests.recording.pricing.golden_tokens import TOKENS

SEARCH: Final = [{"type": "google_search_call", "id": "a", "arguments": {"queries": ["x"]}}]
MAPS: Final = [{"type": "google_maps_call", "id": "a", "arguments": {"queries": ["x"]}}]


GOLDEN: Final = (
    *TOKENS,
    Golden(  # 20 x 0.50 = 10; 1,290 x 60.00 = 77,400; 30 x 3.00 = 90
        "an image made",
        {
            "model": "gemini-3.1-flash-image",
            "usage": usage(input=20, output=1290, thought=30) | listed("output", image=1290),
            "steps": output("image"),
        },
        {
            ("input", "text"): 10_000_000,
            ("output", "image"): 77_400_000_000,
            ("thought", "text"): 90_000_000,
        },
    ),
    Golden(  # is it 12.00 or 120.00? The usage does not say
        "an image made, its tokens not told",
        {
            "model": "gemini-3-pro-image",
            "usage": usage(input=20, output=1290),
            "steps": output("image"),
        },
        {("input", "text"): 40_000_000, ("output", "unlisted"): NO_PRICE},
    ),
    Golden(  # image costs what text costs here: 300 x 0.50 either way
        "an image sent, its tokens not told, and no matter",
        {"usage": usage(input=300)},
        {("input", "unlisted"): 150_000_000},
        asked=asked_with("image"),
    ),
    Golden(  # but sound costs twice as much
        "sound sent, its tokens not told",
        {"usage": usage(input=300, output=1)},
        {("input", "unlisted"): NO_PRICE, ("output", "text"): 3_000_000},
        asked=asked_with("audio"),
    ),
    Golden(  # 10 x 1.50 = 15; 400 x 17.50 = 7,000; 5 x 9.00 = 45
        "a film made",
        {
            "model": "gemini-omni-flash-preview",
            "usage": usage(input=10, output=405) | listed("output", video=400, text=5),
            "steps": output("video"),
        },
        {
            ("input", "text"): 15_000_000,
            ("output", "video"): 7_000_000_000,
            ("output", "text"): 45_000_000,
        },
    ),
    Golden(  # 8 x 0.50 = 4; 250 x 9.00 = 2,250
        "speech",
        {
            "model": "gemini-3.8-flash-tts",
            "usage": usage(input=8, output=250) | listed("output", audio=250),
            "steps": output("audio"),
            "created": "2026-12-31T23:59:59Z",
        },
        {("input", "text"): 4_000_000, ("output", "audio"): 2_250_000_000},
    ),
    Golden(  # a second later the introductory price is over: 8 x 1.00; 250 x 18.00
        "speech, a second later",
        {
            "model": "gemini-3.8-flash-tts",
            "usage": usage(input=8, output=250) | listed("output", audio=250),
            "steps": output("audio"),
            "created": "2027-01-01T00:00:00Z",
        },
        {("input", "text"): 8_000_000, ("output", "audio"): 4_500_000_000},
    ),
    Golden(  # 0.04 by the song; its tokens are 0 by the book, which is a price
        "a song",
        {
            "model": "lyria-3-clip-preview",
            "usage": usage(input=12, output=750) | listed("output", audio=750),
            "steps": output("audio"),
        },
        {("input", "text"): 0, ("output", "audio"): 0, ("music", "audio"): 40_000_000_000},
    ),
    Golden(  # two songs: 0.16
        "two songs",
        {
            "model": "lyria-3-pro-preview",
            "usage": usage(input=12),
            "steps": output("audio", "audio"),
        },
        {("input", "text"): 0, ("music", "audio"): 160_000_000_000},
    ),
    Golden(  # 3 queries at 14.00 a thousand: 3 x 0.014
        "search by the query",
        {"usage": usage(input=10) | grounded(google_search=3), "steps": SEARCH},
        {("input", "text"): 5_000_000, ("grounding", "google_search"): 42_000_000_000},
    ),
    Golden(  # of Gemini 2.5 the prompt is charged, once: 0.035; 10 x 0.30 = 3
        "search by the prompt",
        {"model": "gemini-2.5-flash", "usage": usage(input=10) | grounded(google_search=3)},
        {("input", "text"): 3_000_000, ("grounding", "google_search"): 35_000_000_000},
    ),
    Golden(  # so there a step is enough
        "search by the prompt, without a count",
        {"model": "gemini-2.5-flash", "usage": usage(input=10), "steps": SEARCH},
        {("input", "text"): 3_000_000, ("grounding", "google_search"): 35_000_000_000},
    ),
    Golden(  # and elsewhere it is not: how many queries were there?
        "search by the query, without a count",
        {"usage": usage(input=10), "steps": SEARCH},
        {("input", "text"): 5_000_000, ("grounding", "google_search"): NO_PRICE},
    ),
    Golden(  # 2 x 0.014
        "maps",
        {"usage": usage(input=10) | grounded(google_maps=2), "steps": MAPS},
        {("input", "text"): 5_000_000, ("grounding", "google_maps"): 28_000_000_000},
    ),
    Golden(  # 0.025 a prompt; 10 x 0.10 = 1
        "maps by the prompt",
        {"model": "gemini-2.5-flash-lite", "usage": usage(input=10) | grounded(google_maps=2)},
        {("input", "text"): 1_000_000, ("grounding", "google_maps"): 25_000_000_000},
    ),
    Golden(  # grounding knows no tiers: 10 x 0.25; 1 x 0.014
        "search on flex",
        {"usage": usage(input=10) | grounded(google_search=1), "service_tier": "flex"},
        {("input", "text"): 2_500_000, ("grounding", "google_search"): 14_000_000_000},
    ),
    Golden(
        "grounding without a price",
        {"usage": usage(input=10) | grounded(retrieval=1)},
        {("input", "text"): 5_000_000, ("grounding", "retrieval"): NO_PRICE},
    ),
    Golden(  # 10 x 2.00 until November, then 4.00; cached 0.10, then 0.20
        "a launch price",
        {
            "model": "gemini-4-argon",
            "usage": usage(input=20, cached=10),
            "created": "2026-11-30T12:00:00Z",
        },
        {("input", "text"): 20_000_000, ("cached", "text"): 1_000_000},
    ),
    Golden(
        "after the launch",
        {
            "model": "gemini-4-argon",
            "usage": usage(input=20, cached=10),
            "created": "2026-12-01T12:00:00Z",
        },
        {("input", "text"): 40_000_000, ("cached", "text"): 2_000_000},
    ),
    Golden(  # agents: the list price of their model: 100,000 x 2.00 = 200,000; 1,000 x 12.00 = 12,000
        "an agent",
        {
            "model": None,
            "agent": "deep-research-preview-04-2026",
            "usage": usage(input=100_000, output=1000) | grounded(google_search=40),
        },
        {
            ("input", "text"): 200_000_000_000,
            ("output", "text"): 12_000_000_000,
            ("grounding", "google_search"): 560_000_000_000,  # 40 x 0.014
        },
        asked={"agent": "deep-research-preview-04-2026"},
    ),
    Golden(  # many prompts in one sum: which were above 200,000?
        "an agent that read much",
        {
            "model": None,
            "agent": "deep-research-preview-04-2026",
            "usage": usage(input=900_000, output=1000),
        },
        {("input", "text"): NO_PRICE, ("output", "text"): NO_PRICE},
        asked={"agent": "deep-research-preview-04-2026"},
    ),
    Golden(
        "a model without a price",
        {"model": "gemini-4-hydrogen", "usage": usage(input=10, output=1)},
        {("input", "text"): NO_PRICE, ("output", "text"): NO_PRICE},
    ),
    Golden(  # 0 is the published price of this one
        "a model that costs nothing",
        {"model": "gemma-4-31b-it", "usage": usage(input=10, output=1)},
        {("input", "text"): 0, ("output", "text"): 0},
    ),
    Golden(
        "another list of prices",
        {"usage": usage(input=10)},
        {("input", "text"): NO_PRICE},
        target="/v1beta1/projects/p/locations/l/interactions",
    ),
    Golden(  # 10 + 1 of 15 reported: 4 tokens of nobody knows what
        "a total beyond its parts",
        {"usage": usage(15, input=10, output=1)},
        {
            ("input", "text"): 5_000_000,
            ("output", "text"): 3_000_000,
            ("difference", ""): NO_PRICE,
        },
    ),
    Golden(  # a new usage field: whatever it counts, the rest is not the whole cost
        "a new usage field",
        {"usage": usage(input=10) | {"total_dream_tokens": 7}},
        {("input", "text"): 5_000_000, ("unknown", "total_dream_tokens"): NO_PRICE},
    ),
    Golden(  # release 1.55: 4 x 3.00
        "thoughts by their old name",
        {"usage": {"total_reasoning_tokens": 4, "total_tokens": 4}},
        {("thought", "text"): 12_000_000},
    ),
)
