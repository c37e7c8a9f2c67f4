"""The record of Table 1."""

from dataclasses import replace
from functools import partial

from apps.reproduce.table import Table
from apps.reproduce.table1.paper import TABLE_1, TRIALS
from apps.reproduce.table1.recipes import all_recipes
from apps.reproduce.table1.report import contents, draw, published_rows, summary
from apps.reproduce.table1.score import score

TABLE = Table(
    name="table1",
    title="Table 1",
    page="report.html",
    methods=tuple(dict.fromkeys(method for method, _ in TABLE_1)),
    trials=TRIALS,
    recipes=all_recipes,
    score=score,
    draw=draw,
    contents=contents,
    summary=summary,
)
# Two trials of one method compare nothing: the release's runs compare the methods.
SHORT = replace(
    TABLE,
    default_methods=("nashae",),
    trials=2,
    draw=partial(draw, compared=published_rows),
    contents=partial(contents, compared=published_rows, whose="the runs kept with this release"),
)
