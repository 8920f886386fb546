"""Benchmarks: read from their official forms, checked, stored as shards of unique images and a pair list.

Formats, checks and layout: docs/datasets.md.
"""

from core.errors import DatasetUnknown
from core.vocabulary import Track
from evaluator.datasets.benchmark import Benchmark, Kind, read_benchmark, read_bin_benchmark, read_cfp_benchmark
from evaluator.datasets.faults import DatasetCorrupt, DatasetExists, DatasetInvalid, Fault
from evaluator.datasets.fetch import fetch_lfw
from evaluator.datasets.lfw import parse_lfw
from evaluator.datasets.lookup import images_of
from evaluator.datasets.manifest import Dataset, Shard
from evaluator.datasets.own_csv import canonical_csv, parse_csv
from evaluator.datasets.pairs import Pair, PairList
from evaluator.datasets.sample import sample_benchmark
from evaluator.datasets.sources import Archive, ImageSource
from evaluator.datasets.store import (
    delete_dataset,
    import_dataset,
    list_datasets,
    load_dataset,
    load_pairs,
)
from evaluator.datasets.two_lines import parse_two_lines

__all__ = [
    "Archive",
    "Benchmark",
    "Dataset",
    "DatasetCorrupt",
    "DatasetExists",
    "DatasetInvalid",
    "DatasetUnknown",
    "Fault",
    "ImageSource",
    "Kind",
    "Pair",
    "PairList",
    "Shard",
    "Track",
    "canonical_csv",
    "delete_dataset",
    "fetch_lfw",
    "images_of",
    "import_dataset",
    "list_datasets",
    "load_dataset",
    "load_pairs",
    "parse_csv",
    "parse_lfw",
    "parse_two_lines",
    "read_benchmark",
    "read_bin_benchmark",
    "read_cfp_benchmark",
    "sample_benchmark",
]
