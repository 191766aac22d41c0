"""Costs of tokens by kind, modality, tier and length of the prompt, worked out by hand."""

from __future__ import annotations

from typing import Final

from tests.recording.pricing.golden_case import NO_PRICE, PRO, Golden, listed, usage

TOKENS: Final = (
    Golden(  # 1,000 x 0.50 = 500,000p each; 100 x 3.00
        "input and output",
        {"usage": usage(input=1000, output=100)},
        {("input", "text"): 500_000_000, ("output", "text"): 300_000_000},
    ),
    Golden(  # thoughts stand beside output, at its price: 222 x 3.00 = 666; 34 x 3.00 = 102; 14 x 0.50 = 7
        "thoughts",
        {"usage": usage(input=14, output=34, thought=222)},
        {
            ("input", "text"): 7_000_000,
            ("output", "text"): 102_000_000,
            ("thought", "text"): 666_000_000,
        },
    ),
    Golden(  # cached is part of input: (1,000 - 600) x 0.50 = 200; 600 x 0.05 = 30
        "cached input",
        {"usage": usage(input=1000, cached=600, output=0)},
        {("input", "text"): 200_000_000, ("cached", "text"): 30_000_000},
    ),
    Golden(  # all of it: 1,000 x 0.05 = 50, no fresh line
        "everything cached",
        {"usage": usage(input=1000, cached=1000)},
        {("cached", "text"): 50_000_000},
    ),
    Golden(  # tool use stands beside input, at its price: 5,000 x 0.50 = 2,500
        "tokens of tools",
        {"usage": usage(input=10, tool_use=5000)},
        {("input", "text"): 5_000_000, ("tool_use", "text"): 2_500_000_000},
    ),
    Golden(  # 900 x 0.50 = 450; 100 x 1.00 = 100
        "audio input",
        {"usage": usage(input=1000) | listed("input", text=900, audio=100)},
        {("input", "text"): 450_000_000, ("input", "audio"): 100_000_000},
    ),
    Golden(  # 258 x 0.50 = 129; the rest of 742 is text: 371
        "the rest that no list names is text",
        {"usage": usage(input=1000) | listed("input", image=258)},
        {("input", "image"): 129_000_000, ("input", "text"): 371_000_000},
    ),
    Golden(  # fresh 700 x 0.50 = 350, cached 200 x 0.05 = 10; fresh audio 60 x 1.00, cached 40 x 0.10
        "cached audio",
        {
            "usage": usage(input=1000, cached=240)
            | listed("input", text=900, audio=100)
            | listed("cached", text=200, audio=40)
        },
        {
            ("input", "text"): 350_000_000,
            ("cached", "text"): 10_000_000,
            ("input", "audio"): 60_000_000,
            ("cached", "audio"): 4_000_000,
        },
    ),
    Golden(  # cached 950 without a list: text first, 900 x 0.05 = 45; then audio 50 x 0.10 = 5, 50 x 1.00
        "cached beyond the text",
        {"usage": usage(input=1000, cached=950) | listed("input", text=900, audio=100)},
        {
            ("cached", "text"): 45_000_000,
            ("input", "audio"): 50_000_000,
            ("cached", "audio"): 5_000_000,
        },
    ),
    Golden(  # image, audio and video cached in part, no list: not to be told
        "cached of unknown modality",
        {"usage": usage(input=300, cached=150) | listed("input", image=100, audio=100, video=100)},
        {("input", "mixed"): NO_PRICE},
    ),
    Golden(
        "more cached than input",
        {"usage": usage(input=100, cached=101)},
        {("input", "mixed"): NO_PRICE},
    ),
    Golden(  # lists beyond their total contradict it
        "more by modality than in total",
        {"usage": usage(input=100, output=10) | listed("input", text=90, image=20)},
        {("input", "mixed"): NO_PRICE, ("output", "text"): 30_000_000},
    ),
    Golden(  # totals left out: 9 x 0.50 = 4.5
        "lists without totals",
        {"usage": {"total_tokens": 9} | listed("input", text=9)},
        {("input", "text"): 4_500_000},
    ),
    Golden(  # 560 at the rate of images: 280
        "a document",
        {"usage": usage(input=600) | listed("input", text=40, document=560)},
        {("input", "text"): 20_000_000, ("input", "document"): 280_000_000},
    ),
    Golden(  # 66 x 0.50
        "film",
        {"usage": usage(input=66) | listed("input", video=66)},
        {("input", "video"): 33_000_000},
    ),
    Golden(  # flex is half: 1,000 x 0.25 = 250; 100 x 1.50 = 150
        "flex",
        {"usage": usage(input=1000, output=100), "service_tier": "flex"},
        {("input", "text"): 250_000_000, ("output", "text"): 150_000_000},
    ),
    Golden(  # half of 0.05 and 3.00: 600 x 0.025 = 15; 10 x 1.50 = 15
        "flex, cached and thought",
        {"usage": usage(input=600, cached=600, thought=10), "service_tier": "flex"},
        {("cached", "text"): 15_000_000, ("thought", "text"): 15_000_000},
    ),
    Golden(
        "batch",
        {"usage": usage(input=1000), "service_tier": "batch"},
        {("input", "text"): 250_000_000},
    ),
    Golden(  # 0.75 x 1.8 = 1.35; 3.75 x 1.8 = 6.75: 1,350 and 675
        "priority, where its price is known",
        {
            "model": "gemini-3.7-flash",
            "usage": usage(input=1000, output=100),
            "service_tier": "priority",
        },
        {("input", "text"): 1_350_000_000, ("output", "text"): 675_000_000},
    ),
    Golden(
        "priority, where it is not",
        {"usage": usage(input=1000), "service_tier": "priority"},
        {("input", "text"): NO_PRICE},
    ),
    Golden(  # asked for priority, served and billed as standard
        "a tier that was not granted",
        {"usage": usage(input=1000), "service_tier": "standard"},
        {("input", "text"): 500_000_000},
        asked={"service_tier": "priority"},
    ),
    Golden(
        "a tier that nobody confirmed",
        {"usage": usage(input=1000)},
        {("input", "text"): NO_PRICE},
        asked={"service_tier": "flex"},
    ),
    Golden(
        "a tier without a price",
        {"usage": usage(input=1000), "service_tier": "deferred"},
        {("input", "text"): NO_PRICE},
    ),
    Golden(  # 200,000 is not above: 200,000 x 2.00 = 400,000; 10 x 12.00 = 120
        "as long as a short prompt can be",
        {"model": PRO, "usage": usage(input=200_000, output=10)},
        {("input", "text"): 400_000_000_000, ("output", "text"): 120_000_000},
    ),
    Golden(  # one more: 200,001 x 4.00 = 800,004; 10 x 18.00 = 180
        "a long prompt",
        {"model": PRO, "usage": usage(input=200_001, output=10)},
        {("input", "text"): 800_004_000_000, ("output", "text"): 180_000_000},
    ),
    Golden(  # cached counts for the length: 100,001 x 4.00 = 400,004; 100,000 x 0.40 = 40,000; 5 x 18.00
        "a long prompt, half of it cached",
        {"model": PRO, "usage": usage(input=200_001, cached=100_000, thought=5)},
        {
            ("input", "text"): 400_004_000_000,
            ("cached", "text"): 40_000_000_000,
            ("thought", "text"): 90_000_000,
        },
    ),
    Golden(  # 300,000 x 2.50 x 0.5 = 375,000; 8 x 15.00 x 0.5 = 60
        "a long prompt on flex",
        {
            "model": "gemini-2.5-pro",
            "usage": usage(input=300_000, output=8),
            "service_tier": "flex",
        },
        {("input", "text"): 375_000_000_000, ("output", "text"): 60_000_000},
    ),
    Golden(  # a flash model has one length: 300,000 x 0.50
        "a long prompt where length does not matter",
        {"usage": usage(input=300_000)},
        {("input", "text"): 150_000_000_000},
    ),
    Golden(  # a price for audio was never published for this model
        "a modality without a price",
        {"model": PRO, "usage": usage(input=110) | listed("input", text=10, audio=100)},
        {("input", "text"): 20_000_000, ("input", "audio"): NO_PRICE},
    ),
    Golden(
        "a modality that nobody knows",
        {"usage": usage(input=110) | listed("input", text=10, hologram=100)},
        {("input", "text"): 5_000_000, ("input", "hologram"): NO_PRICE},
    ),
)
