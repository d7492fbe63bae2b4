"""The compiler of the price book: the committed file is what it makes, and it fails where it does not understand."""

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files

import pytest
from genai_prices.types import ClauseEquals, ModelInfo, ModelPrice, Provider, Tier, TieredPrices

from billing_core.price_book import compile as compiler
from billing_core.price_book.corrected import Corrections
from billing_core.price_book.import_rates import Rounding, bands_of

pytestmark = pytest.mark.unit

SAME_DAY = date(2026, 1, 1)


def corrections(**entries) -> Corrections:
    """Make corrections that say nothing but these."""
    kinds = ("names", "aliases", "earlier_modes", "added_modes", "call_fees", "one_input_rate", "classes_left_unpriced")
    nothing = {kind: [] for kind in (*kinds, "regions")}
    return Corrections({"catalogue": {"version": "1", "taken_on": "2026-01-01"}} | nothing | entries)


def test_the_committed_catalogue_is_what_the_compiler_makes_now(capsys):
    assert compiler.main(["--check"]) == 0
    assert capsys.readouterr().err == ""


def test_a_catalogue_that_differs_is_not_passed_over(tmp_path, capsys):
    path = tmp_path / "catalogue.json"
    assert compiler.main(["--to", str(path)]) == 0
    committed = files("billing_core.price_book").joinpath("catalogue.json").read_text(encoding="utf-8")
    assert path.read_text(encoding="utf-8") == committed
    path.write_text(committed.replace("2500000", "2400000"), encoding="utf-8")
    assert compiler.main(["--check", "--to", str(path)]) == 1
    assert "run `make price-book`" in capsys.readouterr().err


def test_every_price_version_stands_on_a_line_of_its_own():
    text = files("billing_core.price_book").joinpath("catalogue.json").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.lstrip().startswith('{"id": ')]
    assert len(lines) == sum(len(model["versions"]) for model in json.loads(text)["models"].values())
    assert len(text) < 2 * 10**6


def test_what_had_to_be_rounded_is_listed():
    text = files("billing_core.price_book").joinpath("catalogue.json").read_text(encoding="utf-8")
    rounded = json.loads(text)["rounded"]
    assert len(rounded) == 28
    assert {
        "rate": "huggingface_together/Qwen/Qwen3-VL-8B-Instruct@undated input",
        "read": "0.18000000000000002 USD per 1000000",
        "used": "180000 pico-USD",
    } in rounded


@pytest.mark.parametrize(
    ("usd_per_million", "pico", "is_noted"),
    [("2.5", 2_500_000, False), ("0.0000005", 0, True), ("0.0000015", 2, True), ("0.18000000000000002", 180_000, True)],
)
def test_rates_are_whole_pico_usd_rounded_half_to_even(usd_per_million, pico, is_noted):
    rounding = Rounding()
    assert rounding.whole(Decimal(usd_per_million), 1_000_000, "here") == pico
    assert bool(rounding.lines) == is_noted


def test_fees_are_per_call():
    price = ModelPrice(web_searches_kcount=Decimal(10), requests_kcount=Decimal(5))
    assert bands_of(price, Rounding(), "here") == [(0, {"web_search": 10**10, "requests": 5 * 10**9})]


def test_a_tier_holds_the_price_of_every_class():
    price = ModelPrice(
        input_mtok=TieredPrices(base=Decimal(1), tiers=[Tier(200, Decimal(2)), Tier(300, Decimal(3))]),
        output_mtok=Decimal(5),
    )
    assert [(above, prices["input"], prices["output"]) for above, prices in bands_of(price, Rounding(), "here")] == [
        (0, 1_000_000, 5_000_000),
        (200, 2_000_000, 5_000_000),
        (300, 3_000_000, 5_000_000),
    ]


def test_images_and_video_cost_as_text_only_where_images_have_no_price():
    rounding = Rounding()
    [(_, plain)] = bands_of(ModelPrice(input_mtok=Decimal(1), cache_read_mtok=Decimal(0)), rounding, "here")
    assert plain == {
        "input": 10**6,
        "input_image": 10**6,
        "input_video": 10**6,
        "cache_read": 0,
        "cache_read_image": 0,
    }
    [(_, dear)] = bands_of(ModelPrice(input_mtok=Decimal(1), input_image_mtok=Decimal(2)), rounding, "here")
    assert dear == {"input": 10**6, "input_image": 2 * 10**6}


def test_what_has_no_class_is_left_out_and_what_is_new_stops_the_compiler():
    price = ModelPrice(input_mtok=Decimal(1), audio_hours=Decimal(2))
    assert bands_of(price, Rounding(), "here")[0][1].keys() == {"input", "input_image", "input_video"}
    with pytest.raises(ValueError, match=r"here has prices that the compiler does not know: \['telepathy_mtok'\]"):
        bands_of(ModelPrice(telepathy_mtok=Decimal(1)), Rounding(), "here")


def test_corrections_checked_against_another_catalogue_stop_the_compiler(monkeypatch):
    monkeypatch.setattr(compiler, "installed_version", lambda _: "0.2.4")
    with pytest.raises(ValueError, match=r"checked against genai-prices 0\.2\.3, not 0\.2\.4"):
        compiler.compiled()


def test_a_correction_of_something_gone_stops_the_compiler():
    gone = {"provider": "acme", "model": "gone", "names": ["x"]}
    with pytest.raises(ValueError, match="corrections without a model"):
        corrections(names=[gone]).require_all_used()


def test_a_name_of_two_models_stops_the_compiler(monkeypatch):
    models = [
        ModelInfo(id="one", match=ClauseEquals("one"), prices=ModelPrice(input_mtok=Decimal(1))),
        ModelInfo(id="two", match=ClauseEquals("two"), prices=ModelPrice(input_mtok=Decimal(1))),
    ]
    both = corrections(names=[{"provider": "acme", "model": "two", "names": ["one"]}])
    monkeypatch.setattr(compiler, "library_providers", [Provider("acme", "Acme", "", models=models)])
    monkeypatch.setattr(compiler, "Corrections", lambda _: both)
    monkeypatch.setattr(compiler, "installed_version", lambda _: "1")
    with pytest.raises(ValueError, match="'one' would mean acme/one and acme/two"):
        compiler.compiled()


def test_a_price_that_could_overflow_stops_the_compiler(monkeypatch):
    models = [ModelInfo(id="gold", match=ClauseEquals("gold"), prices=ModelPrice(output_mtok=Decimal(10_000)))]
    monkeypatch.setattr(compiler, "library_providers", [Provider("acme", "Acme", "", models=models)])
    monkeypatch.setattr(compiler, "Corrections", lambda _: corrections())
    monkeypatch.setattr(compiler, "installed_version", lambda _: "1")
    with pytest.raises(ValueError, match="acme/gold@undated could overflow int64"):
        compiler.compiled()


def applied(modes, **entries):
    done, _ = corrections(**entries).applied("acme", "big", modes)
    return done


LIST = [(None, [(0, {"input": 100, "output": 300})]), (SAME_DAY, [(0, {"input": 80, "output": 240, "file_search": 9})])]
EARLIER = {"provider": "acme", "mode": "batch", "since": "2025-01-01", "models": ["*"], "source": "a source"}


def test_an_earlier_mode_keeps_its_shares_of_another_list_price():
    batch = [(date(2026, 2, 1), [(0, {"input": 40, "output": 240, "file_search": 1})])]
    done = applied({"": LIST, "batch": batch}, earlier_modes=[EARLIER])
    assert done["batch"] == [
        (date(2025, 1, 1), [(0, {"input": 100 // 2, "output": 300})]),
        (SAME_DAY, batch[0][1]),
        *batch,
    ]


def test_an_earlier_mode_is_not_moved_when_it_began_before():
    batch = [(None, [(0, {"input": 40})])]
    assert applied({"": LIST, "batch": batch}, earlier_modes=[EARLIER])["batch"] == batch
    assert applied({"": LIST}, earlier_modes=[EARLIER]) == {"": LIST}


def test_a_share_that_is_neither_half_nor_whole_has_no_earlier_price():
    batch = [(date(2026, 2, 1), [(0, {"input": 41, "output": 120})])]
    done = applied({"": LIST, "batch": batch}, earlier_modes=[EARLIER])
    assert done["batch"][0] == (date(2025, 1, 1), [(0, {"output": 300 // 2})])


def test_a_half_that_is_not_whole_stops_the_compiler():
    odd = [(None, [(0, {"input": 101})]), (SAME_DAY, [(0, {"input": 80})])]
    with pytest.raises(ValueError, match="half of 101 pico-USD is not whole"):
        applied({"": odd, "batch": [(date(2026, 2, 1), [(0, {"input": 40})])]}, earlier_modes=[EARLIER])


def test_an_added_mode_begins_with_the_first_list_price_if_that_is_later():
    added = {**EARLIER, "halve": ["input"]}
    late = [(SAME_DAY, [(0, {"input": 80, "input_image": 80, "output": 240})])]
    assert applied({"": late}, added_modes=[added])["batch"] == [
        (SAME_DAY, [(0, {"input": 40, "input_image": 40, "output": 240})])
    ]


def test_a_multiplier_meets_tokens_not_calls():
    region = {"provider": "acme", "models": ["*"], "regions": ["us"], "multiplier": "1.1", "source": "a source"}
    done = applied({"": LIST, "batch": LIST}, regions=[region])
    assert done["regional"] == done["batch+regional"]
    assert done["regional"][1] == (SAME_DAY, [(0, {"input": 88, "output": 264, "file_search": 9})])
    assert Fraction(region["multiplier"]) == Fraction(11, 10)
