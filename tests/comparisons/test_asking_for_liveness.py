"""Liveness at the door: what is asked for, what the deployment adds, and what is refused."""

import pytest

from core.batches.pairs import AskedPair
from core.batches.submission import AcceptingBatches, BatchSubmission
from core.comparisons.submission import FieldRefused, ImageUpload
from core.liveness import Liveness, LivenessRule, LivenessSides
from core.packs.catalogue import Pack
from tests.comparisons.conftest import LIMITS, Door, image, submission
from tests.support.servers import Servers


@pytest.mark.parametrize("rule", [LivenessRule.REPORT, LivenessRule.REQUIRE])
def test_liveness_is_refused_where_nothing_judges_it_and_the_refusal_says_what_to_do(
    door: Door, rule: LivenessRule
) -> None:
    refused = door.refuses(liveness=rule)
    assert (refused.field, refused.code) == ("liveness", "liveness_not_installed")
    for what_to_do in ("likeness packs fetch minifasnet", "LIKENESS_LIVENESS_PACK=minifasnet"):
        assert what_to_do in str(refused)
    assert door.accepting.accept(submission(liveness=LivenessRule.OFF)).job.request.liveness.is_off


def test_sides_say_nothing_where_liveness_is_off(door: Door) -> None:
    refused = door.refuses(liveness_sides=LivenessSides.BOTH)
    assert (refused.field, refused.code) == ("liveness_sides", "liveness_off")


def test_a_comparison_that_does_not_say_gets_the_deployments_liveness(redis_server: Servers, zoo: Pack) -> None:
    default = Liveness(LivenessRule.REPORT, LivenessSides.BOTH)
    door = Door(redis_server.settings, zoo, liveness_pack="minifasnet", liveness=default)

    def liveness(**asked: object) -> Liveness:
        return door.accepting.accept(submission(**asked)).job.request.liveness

    assert liveness() == default
    assert liveness(liveness=LivenessRule.OFF).is_off
    assert liveness(liveness=LivenessRule.REQUIRE) == Liveness(LivenessRule.REQUIRE, LivenessSides.BOTH)
    assert liveness(liveness_sides=LivenessSides.PROBE) == Liveness(LivenessRule.REPORT, LivenessSides.PROBE)


@pytest.mark.parametrize(
    ("asked", "judged"),
    [
        ({"liveness": LivenessRule.REPORT}, {"one", "two", "both"}),
        ({"liveness": LivenessRule.REQUIRE, "liveness_sides": LivenessSides.BOTH}, {"reference", "one", "two", "both"}),
        ({}, set()),
    ],
)
def test_of_a_batch_those_photographs_are_judged_that_a_pair_asks_for(
    redis_server: Servers, zoo: Pack, asked: dict[str, object], judged: set[str]
) -> None:
    door = Door(redis_server.settings, zoo, liveness_pack="minifasnet")
    names = ("reference", "one", "two", "both")
    photographs: dict[str, bytes | ImageUpload] = {name: image(shade) for shade, name in enumerate(names)}
    pairs = [AskedPair(*pair, " ".join(pair)) for pair in (("reference", "one"), ("both", "two"), ("one", "both"))]
    terms = submission(**asked)
    accepted = AcceptingBatches(door.accepting, LIMITS).accept(BatchSubmission(photographs, pairs, terms))
    found = {photograph.name for shard in accepted.shards for photograph in shard.photographs if photograph.is_judged}
    assert found == judged
    assert accepted.batch.request.liveness.rule is (terms.liveness or LivenessRule.OFF)


def test_a_batch_that_does_not_say_gets_the_deployments_liveness(redis_server: Servers, zoo: Pack) -> None:
    default = Liveness(LivenessRule.REQUIRE, LivenessSides.BOTH)
    door = Door(redis_server.settings, zoo, liveness_pack="minifasnet", liveness=default)
    asked = BatchSubmission({"reference": image(1), "probe": image(2)}, None, submission())
    accepted = AcceptingBatches(door.accepting, LIMITS).accept(asked)
    assert accepted.batch.request.liveness == default


def test_a_batch_is_refused_where_nothing_judges_its_liveness(door: Door) -> None:
    asked = BatchSubmission({"reference": image(1), "probe": image(2)}, None, submission(liveness=LivenessRule.REPORT))
    with pytest.raises(FieldRefused) as refused:
        AcceptingBatches(door.accepting, LIMITS).accept(asked)
    assert (refused.value.field, refused.value.code) == ("liveness", "liveness_not_installed")
