"""The lists of CALFW and CPLFW: two lines a pair, `file name` and `token`.

CALFW                     AJ_Cook_0001.jpg 1        the token of a mated pair is its fold, 1..10
                          AJ_Cook_0002.jpg 1
                          Aaron_Eckhart_0001.jpg 0  the token of a non-mated pair is 0
                          Al_Gore_0004.jpg 0

CPLFW                     name same_person          a header, not in every copy
                          AJ_Cook_1.jpg 1           the token says whether the pair is mated; there are no folds
                          AJ_Cook_2.jpg 1
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from evaluator.datasets.pairs import Draft, Pair, PairList, folds_in_order, rows_of, whole_number
from evaluator.datasets.subjects import of_file_name, with_subjects

FOLDS = 10
PAIRS_PER_FOLD = 300
NOTE = "The list gives no folds to its non-mated pairs: they were assigned in order."


@dataclass(frozen=True, slots=True)
class _TwoLines:
    """A pair as it is listed."""

    line: int
    reference: str
    probe: str
    token: int


def parse_two_lines(body: bytes, source: str, *, pairs_per_fold: int = PAIRS_PER_FOLD) -> PairList:
    """`pairs_per_fold` mated and as many non-mated pairs in each of ten folds; in CALFW's form mated ones come first.

    The image ids are the file names, whatever their form: `AJ_Cook_0001.jpg` in CALFW, `AJ_Cook_1.jpg` in CPLFW. Where
    no mated pair has a token but 1, tokens are labels and no folds, as CPLFW publishes them: both kinds then get their
    folds in the order of the list. Raise DatasetInvalid with every fault.
    """
    draft = Draft(source)
    listed = list(_pairs(body, draft))
    expected = FOLDS * pairs_per_fold
    per_token = Counter(pair.token for pair in listed)
    in_order = {mated: iter(folds_in_order(expected, FOLDS)) for mated in (True, False)}
    has_folds = per_token.keys() - {0} != {1}
    non_mated_seen = False
    for pair in listed:
        mated = pair.token > 0
        non_mated_seen |= not mated
        if has_folds and mated and non_mated_seen:
            draft.fault(pair.line, "a mated pair among non-mated ones")
        fold = pair.token if has_folds and mated else next(in_order[mated], FOLDS)
        draft.add(pair.line, Pair(pair.reference, pair.probe, mated, fold, ()))
    if has_folds:
        for fold in range(1, FOLDS + 1):
            if per_token[fold] != pairs_per_fold:
                draft.fault(None, f"fold {fold} has {per_token[fold]} mated pairs, not {pairs_per_fold}")
    elif per_token[1] != expected:
        draft.fault(None, f"there are {per_token[1]} mated pairs, not {expected}")
    if per_token[0] != expected:
        draft.fault(None, f"there are {per_token[0]} non-mated pairs, not {expected}")
    note = (
        f"The list gives no folds: they were assigned in order, {pairs_per_fold} mated and {pairs_per_fold} non-mated "
        f"pairs to each of {FOLDS}."
    )
    return with_subjects(draft.finish(notes=(NOTE if has_folds else note,)), of_file_name)


def _pairs(body: bytes, draft: Draft) -> Iterator[_TwoLines]:
    rows = list(rows_of(body, draft.source))
    if rows and _is_header(rows[0][1]):
        rows = rows[1:]
    for (line, first), (_, second) in zip_longest(rows[::2], rows[1::2], fillvalue=(0, [])):
        if not second:
            draft.fault(line, "the last pair has one line only")
        elif (token := _token(draft, line, first, second)) is not None:
            yield _TwoLines(line, first[0], second[0], token)


def _is_header(columns: list[str]) -> bool:
    """Whether this is `name same_person`: no file name, no number."""
    return "." not in columns[0] and whole_number(columns[-1]) is None


def _token(draft: Draft, line: int, first: list[str], second: list[str]) -> int | None:
    """The token that both lines of a pair carry."""
    if odd := [columns for columns in (first, second) if len(columns) != 2]:
        draft.fault(line, f"{len(odd[0])} columns in a line of this pair; each has a file name and a token")
        return None
    tokens = [whole_number(columns[1]) for columns in (first, second)]
    if bad := [c[1] for c, t in zip((first, second), tokens, strict=True) if t is None or t > FOLDS]:
        draft.fault(line, f"the token {bad[0]!r} is neither 0 nor a fold from 1 to {FOLDS}")
        return None
    if tokens[0] != tokens[1]:
        draft.fault(line, f"the two lines of this pair have different tokens, {first[1]} and {second[1]}")
        return None
    return tokens[0]
