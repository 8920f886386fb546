"""The lists of CALFW and CPLFW: two lines a pair, `file name` and `token`.

AJ_Cook_0001.jpg 1        the token of a mated pair is its fold, 1..10
AJ_Cook_0002.jpg 1
Aaron_Eckhart_0001.jpg 0  the token of a non-mated pair is 0
Al_Gore_0004.jpg 0
"""

from collections import Counter
from itertools import zip_longest

from evaluator.datasets.pairs import Draft, Pair, PairList, folds_in_order, rows_of, whole_number

FOLDS = 10
PAIRS_PER_FOLD = 300
NOTE = "The list gives no folds to its non-mated pairs: they were assigned in order."


def parse_two_lines(body: bytes, source: str, *, pairs_per_fold: int = PAIRS_PER_FOLD) -> PairList:
    """All mated pairs come first, `pairs_per_fold` in each of ten folds; then as many non-mated ones.

    The image ids are the file names, whatever their form: `AJ_Cook_0001.jpg` in CALFW, `AJ_Cook_1.jpg` in CPLFW.
    Raise DatasetInvalid with every fault.
    """
    draft = Draft(source)
    rows = list(rows_of(body, source))
    expected = FOLDS * pairs_per_fold
    non_mated_folds = iter(folds_in_order(expected, FOLDS))
    per_token: Counter[int] = Counter()
    for (line, first), (_, second) in zip_longest(rows[::2], rows[1::2], fillvalue=(0, [])):
        if not second:
            draft.fault(line, "the last pair has one line only")
            continue
        token = _token(draft, line, first, second)
        if token is None:
            continue
        if token and per_token[0]:
            draft.fault(line, "a mated pair among non-mated ones")
        per_token[token] += 1
        fold = token or next(non_mated_folds, FOLDS)
        draft.add(line, Pair(first[0], second[0], token > 0, fold, ()))
    for fold in range(1, FOLDS + 1):
        if per_token[fold] != pairs_per_fold:
            draft.fault(None, f"fold {fold} has {per_token[fold]} mated pairs, not {pairs_per_fold}")
    if per_token[0] != expected:
        draft.fault(None, f"there are {per_token[0]} non-mated pairs, not {expected}")
    return draft.finish(notes=(NOTE,))


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
