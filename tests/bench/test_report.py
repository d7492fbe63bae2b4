"""What `make bench` prints is one JSON object that names what was asked, how much of it, and where."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.run import MEASUREMENTS, Asked
from bench.targets import TARGETS, Target

pytestmark = pytest.mark.bench

ROOT = Path(__file__).parents[2]
ABOUT = {"scale", "about_scale", "targets", "notes", "machine"}


def bench(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench"],
        cwd=ROOT,
        env=os.environ | {"ONLY": "", "SCALE": ""} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_key_is_measured_alone_and_the_report_says_on_how_much_data():
    done = bench(ONLY="pricing_events_per_s", SCALE="0.01")
    report = json.loads(done.stdout)

    assert done.returncode == 0
    assert report.keys() - ABOUT == {"pricing_events_per_s"}
    assert report["pricing_events_per_s"] > 0
    assert report["targets"].keys() == {"pricing_events_per_s"}
    assert (report["scale"], report["machine"]["cores"]) == (0.01, os.cpu_count())


@pytest.mark.parametrize(
    ("only", "scale", "sentence"),
    [
        ("pricing_speed", "", "ONLY names pricing_speed, which nothing measures: use pipeline_vs_copy, "),
        ("", "ten", "SCALE is 'ten': give a number from 0.001 to 1"),
        ("", "1.5", "SCALE is '1.5': give a number from 0.001 to 1"),
        ("", "nan", "SCALE is 'nan': give a number from 0.001 to 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(only, scale, sentence):
    done = bench(ONLY=only, SCALE=scale)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)


def test_without_a_choice_every_key_is_measured_on_all_of_it():
    assert Asked.read("", "") == Asked(frozenset(TARGETS), 1.0)


def test_every_key_is_measured_by_one_measurement_and_described():
    measured = [key for _, keys in MEASUREMENTS for key in keys]
    described = (ROOT / "docs/benchmarks.md").read_text()

    assert sorted(measured) == sorted(TARGETS)
    assert [key for key in TARGETS if f"| `{key}` | {TARGETS[key]} |" not in described] == []


def test_a_target_is_met_at_its_bound():
    assert (Target("≤", 25).is_met(25), Target("≤", 25).is_met(25.01)) == (True, False)
    assert (Target("≥", 0.4).is_met(0.4), Target("≥", 0.4).is_met(0.39)) == (True, False)
